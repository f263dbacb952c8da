from .trends import RateScore as RateScore
from .trends import SweepFacts as SweepFacts
from .trends import Trend as Trend
from .trends import has_learned as has_learned
from .trends import match_modules as match_modules
from .trends import rate_score as rate_score
from .trends import sweep_facts as sweep_facts
