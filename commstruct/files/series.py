"""Time series of regions or neurons, from tables and arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commstruct.files.arrow import read_arrow
from commstruct.files.limits import default_memory, library_errors
from commstruct.files.matrices import check_numbers, npy_header
from commstruct.files.options import ReadingOptions
from commstruct.files.text import infer_layout, is_number, parse_rows

# Columns of a table that count the points in time; no region has these names.
CLOCKS = ("", "time", "t", "index", "frame", "volume")


def read_time_series(path: Path, max_memory: int | None = None) -> pd.DataFrame:
    """Read series that were measured at the same points in time, one per column.

    Parameters
    ----------
    path : Path
        A table of text, with or without names above the columns, ``.npy`` (t, n),
        ``.parquet`` or ``.feather``. A first column without a name, or called time, t,
        index, frame or volume, is left out.
    max_memory : int, optional
        Bytes; larger files are refused.

    Returns
    -------
    (t, n) DataFrame

    Raises
    ------
    ValueError
        If the file has not that form; `partial_correlation` checks the values.
    OSError
        If it cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from commstruct.files.series import read_time_series
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "series.csv")
    ...     _ = path.write_text("time,V1,V2\\n0,0.5,1\\n2,-0.5,3\\n")
    ...     read_time_series(path)
        V1   V2
    0  0.5  1.0
    1 -0.5  3.0
    """
    options = ReadingOptions(max_memory=max_memory or default_memory())
    if path.suffix == ".npy":
        table = pd.DataFrame(_array(path, options.max_memory))
    elif path.suffix in (".parquet", ".feather"):
        table = read_arrow(path, options.max_memory)
    else:
        layout = infer_layout(path, options)
        header = not all(map(is_number, layout.first))
        dtypes = dict.fromkeys(range(len(layout.first)), np.float64)
        table = parse_rows(path, layout, options, header=header, dtypes=dtypes)
        if header:
            table.columns = pd.Index([text.strip() for text in layout.first])
    if len(table.columns) and str(table.columns[0]).lower() in CLOCKS:
        table = table.iloc[:, 1:]
    return table


def _array(path: Path, max_memory: int) -> NDArray[Any]:
    """Array of two dimensions of real numbers."""
    with path.open("rb") as stream:
        shape, dtype, start = npy_header(path, stream)
    check_numbers(path, path.name, dtype)
    if len(shape) != 2:
        raise ValueError(
            f"{path.name}: time series must be (points in time, regions), got shape "
            f"{shape}"
        )
    stated = start + dtype.itemsize * shape[0] * shape[1]
    if stated > min(path.stat().st_size, max_memory):
        raise ValueError(
            f"{path.name}: states {stated} bytes, has {path.stat().st_size}, and the "
            f"limit is {max_memory:.3g}"
        )
    with library_errors(path, "a NumPy array"):
        return np.asarray(np.load(path, allow_pickle=False))
