from .document import Document as Document
from .writing import NETWORK_NAME as NETWORK_NAME
from .writing import SWEEP_NAME as SWEEP_NAME
from .writing import read_report_settings as read_report_settings
from .writing import remake_report as remake_report
from .writing import write_pages as write_pages
from .writing import write_report as write_report
