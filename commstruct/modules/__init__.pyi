from .agreement import agreement_matrix as agreement_matrix
from .consensus import consensus_modules as consensus_modules
from .finding import Partition as Partition
from .finding import find_modules as find_modules
from .finding import modularity as modularity
from .resolution import ResolutionScan as ResolutionScan
from .resolution import resolution_scan as resolution_scan
