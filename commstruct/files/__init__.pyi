from .options import ReadingKeywords as ReadingKeywords
from .options import ReadingOptions as ReadingOptions
from .reading import ReadReport as ReadReport
from .reading import read_connectome as read_connectome
from .reading import read_connectome_with_report as read_connectome_with_report
from .writing import write_connectome as write_connectome
