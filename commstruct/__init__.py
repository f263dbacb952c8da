"""The analysis: from any weight matrix or connectome to modules and a report."""

import logging

import lazy_loader

# A library is silent unless its user listens.
logging.getLogger("commstruct").addHandler(logging.NullHandler())

# The public names and the files they are in stand in __init__.pyi, which type checkers
# and editors read too; a file is imported when one of its names is asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
