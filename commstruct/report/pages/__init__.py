"""Pages: facts and figures laid out as a PDF."""

from commstruct.report.pages.document import Document
from commstruct.report.pages.settings import ReportSettings
from commstruct.report.pages.writing import (
    NETWORK_NAME,
    SWEEP_NAME,
    write_pages,
    write_report,
)

__all__ = [
    "NETWORK_NAME",
    "SWEEP_NAME",
    "Document",
    "ReportSettings",
    "write_pages",
    "write_report",
]
