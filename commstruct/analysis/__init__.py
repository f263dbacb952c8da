"""The whole method on one network or on many: `analyze`, `Analysis`; no drawing."""

from commstruct.analysis.method import analyze, region_networks, tail_share
from commstruct.analysis.provenance import input_hash, versions
from commstruct.analysis.results import (
    STATISTICS,
    Analysis,
    NullScores,
    RegionAnalysis,
    plain_data,
    read_analysis,
    write_analysis,
    write_whole,
)
from commstruct.analysis.sweeps import Sweep, open_sweep, read_weights
from commstruct.analysis_settings import (
    REGIONS,
    STRUCTURES,
    AnalysisSettings,
    usual_settings,
)

__all__ = [
    "REGIONS",
    "STATISTICS",
    "STRUCTURES",
    "Analysis",
    "AnalysisSettings",
    "NullScores",
    "RegionAnalysis",
    "Sweep",
    "analyze",
    "input_hash",
    "open_sweep",
    "plain_data",
    "read_analysis",
    "read_weights",
    "region_networks",
    "tail_share",
    "usual_settings",
    "versions",
    "write_analysis",
    "write_whole",
]
