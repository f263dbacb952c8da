from .block_nulls import permute_within_blocks as permute_within_blocks
from .block_nulls import preserve_gains as preserve_gains
from .rewiring import NullNetwork as NullNetwork
from .rewiring import permute_weights as permute_weights
from .rewiring import preserve_strengths as preserve_strengths
from .rewiring import rewire_edges as rewire_edges
from .significance import Significance as Significance
from .significance import structure_significance as structure_significance
