"""Pages: facts and figures laid out as a PDF, and as one file of HTML."""

from commstruct.report.pages.document import Document
from commstruct.report.pages.writing import (
    NETWORK_NAME,
    SWEEP_NAME,
    read_report_settings,
    remake_report,
    write_pages,
    write_report,
)
from commstruct.report_settings import ReportSettings

__all__ = [
    "NETWORK_NAME",
    "SWEEP_NAME",
    "Document",
    "ReportSettings",
    "read_report_settings",
    "remake_report",
    "write_pages",
    "write_report",
]
