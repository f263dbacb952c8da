"""Names that try to be markup, and a network of neurons with such names."""

import numpy as np
import pandas as pd

from commstruct.connectome import as_connectome

SETTINGS = {"seed": 0, "restarts": 1, "n_nulls": 2, "structures": ["assortative"]}


HOSTILE = [
    "<script>alert(1)</script>",
    '#read("/etc/passwd")',
    "$x$",
    "\u202eevil",
    "\U0001f600",
    "n" * 10_000,
    "",
    "#include \u6f22\u5b57",
]


def hostile_network():
    n = len(HOSTILE)
    names = [*HOSTILE[:-2], "", HOSTILE[-1]]
    rng = np.random.default_rng(0)
    return as_connectome(
        rng.normal(size=(n, n)),
        names=names,
        attributes=pd.DataFrame({"type": HOSTILE}),
    )
