"""The simulator: from a learning rate to trained weights.

`sims.train` is the function, also after ``import sims.train``: the name of the package
stays with it. All public names, `train_in_stages` and `Run` among them, are in `sims`.
"""

import logging

import lazy_loader

# A library logs nothing unless its user asks for it.
logging.getLogger("sims").addHandler(logging.NullHandler())

# The public names and their files are listed in __init__.pyi, which type checkers and
# editors read too; a file is imported when one of its names is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
