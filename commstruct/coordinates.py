"""Where neurons are: the coordinates among their attributes."""

import numpy as np
import pandas as pd

from commstruct.network import Connectome

AXES = ("x", "y", "z")


def coordinates(connectome: Connectome) -> pd.DataFrame:
    """Coordinates of the neurons: those of the attributes x, y and z that they have.

    Float64, NaN where a coordinate is unknown or no number.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.coordinates import coordinates
    >>> places = {"x": [0.5, 2.0], "y": ["1", "left"]}
    >>> coordinates(cs.as_connectome(np.eye(2), attributes=places)).to_numpy()
    array([[0.5, 1. ],
           [2. , nan]])
    """
    columns = [axis for axis in AXES if axis in connectome.attributes]
    numbers = connectome.attributes[columns].apply(pd.to_numeric, errors="coerce")
    return numbers.astype(np.float64)
