"""Reading and writing connectomes in the formats of the field.

Files are untrusted: sizes are checked before memory is allocated, and nothing in a file
is ever executed.
"""

import lazy_loader

# The public names and the files that define them are listed in __init__.pyi, which type
# checkers and editors read too; a file is imported when one of its names is used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
