"""The claims and weak points of the theory, each put to the test by one experiment.

An experiment is one file of its own name, which declares one `Experiment`: its
question, its settings, what it measures, and the verdict that the numbers give. To add
one, write that file, add its name to `sims.experiments.names`, and draw its figure in
`commstruct.report.figures`.

Each name here, such as ``settling``, is the experiment, which can be called, and not
the file that it is declared in.
"""

import lazy_loader

# The public names are listed in __init__.pyi, which type checkers and editors read too;
# a file is imported when one of its names is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
