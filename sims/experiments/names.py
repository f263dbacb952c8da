"""The names of the experiments, which can be listed without loading any of them."""

NAMES = (
    "equivalence",
    "settling",
    "clamping",
    "matching",
    "timescales",
    "balance",
    "recurrent",
)
"""In the order in which the theory is built up. Each is the name of a file here, of the
`Experiment` in it, and of its figure in `commstruct.report.figures`."""
