"""Reports of results, in three layers: words, figures, pages."""

import lazy_loader

# The public names and the files they are in stand in __init__.pyi, which type checkers
# and editors read too; a file is imported when one of its names is asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
