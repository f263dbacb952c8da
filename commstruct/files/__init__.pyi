from .options import ReadingKeywords as ReadingKeywords
from .options import ReadingOptions as ReadingOptions
from .reading import ReadReport as ReadReport
from .reading import read_connectome as read_connectome
from .reading import read_connectome_with_report as read_connectome_with_report
from .stacks import Stack as Stack
from .stacks import read_stack as read_stack
from .writing import write_connectome as write_connectome
