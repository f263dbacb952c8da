"""Tables in Parquet and Feather; integers remain integers."""

from pathlib import Path

import pandas as pd

from commstruct.files.extras import import_extra
from commstruct.files.limits import check_memory, library_errors


def read_arrow(path: Path, max_memory: int) -> pd.DataFrame:
    """Read a table from Parquet or Feather, after checking the sizes it states."""
    kind = "Parquet and Feather"
    feather = import_extra("pyarrow.feather", path=path, kind=kind, extra="arrow")
    parquet = import_extra("pyarrow.parquet", path=path, kind=kind, extra="arrow")
    if path.suffix == ".parquet":
        with library_errors(path, "Parquet"):
            facts = parquet.read_metadata(path)
            groups = (facts.row_group(i) for i in range(facts.num_row_groups))
            unpacked = sum(group.total_byte_size for group in groups)
            # A repeated value is stored once but takes 8 bytes per row in memory.
            needed = max(unpacked, 8 * facts.num_rows)
        if needed > max_memory:
            raise ValueError(
                f"{path.name}: states {facts.num_rows} rows, {needed} bytes, more than "
                f"the limit of {max_memory}"
            )
        with library_errors(path, "Parquet"):
            table = parquet.read_table(path, partitioning=None)
    else:
        check_memory(path, 1, path.stat().st_size, max_memory)
        with library_errors(path, "Feather"):
            table = feather.read_table(path)
    with library_errors(path, kind):
        table.validate(full=True)  # invalid offsets would crash the process
    with library_errors(path, "a table of columns"):
        frame: pd.DataFrame = table.to_pandas(
            ignore_metadata=True, integer_object_nulls=True
        )
    return frame
