"""The simulator: from a learning rate to trained weights.

`sims.train` is the function; the file of the same name is loaded by
``from sims.train import ...``, and the name of the package stays with the function.
"""

import logging

import lazy_loader

# A library logs nothing unless its user asks for it.
logging.getLogger("sims").addHandler(logging.NullHandler())

# The public names and their files are listed in __init__.pyi, which type checkers and
# editors read too; a file is imported when one of its names is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
