"""Reading and writing the field's formats; files from strangers are data."""

from commstruct.files.reading import (
    ReadReport,
    read_connectome,
    read_connectome_with_report,
)
from commstruct.files.writing import write_connectome

__all__ = [
    "ReadReport",
    "read_connectome",
    "read_connectome_with_report",
    "write_connectome",
]
