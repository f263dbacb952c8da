"""The analysis: from any weight matrix or connectome to modules and a report."""

import logging
from importlib import import_module

# A library is silent unless its user listens.
logging.getLogger("commstruct").addHandler(logging.NullHandler())

# Every public name and the room it is in; a room is entered when a name is asked for,
# so that importing the package, as the command line's --help does, costs nothing.
_ROOMS = {
    "commstruct.connectome": ("Connectome", "as_connectome"),
    "commstruct.files": (
        "ReadReport",
        "read_connectome",
        "read_connectome_with_report",
        "write_connectome",
    ),
    "commstruct.datasets": ("Dataset", "list_datasets", "load_dataset"),
    "commstruct.agreement": ("agreement_matrix",),
    "commstruct.modules": (
        "Partition",
        "ResolutionScan",
        "consensus_modules",
        "find_modules",
        "modularity",
        "resolution_scan",
    ),
    "commstruct.blocks": (
        "BlockIntervals",
        "BlockStructure",
        "PairTypes",
        "block_intervals",
        "block_means",
        "block_structure",
    ),
    "commstruct.roles": ("NeuronRoles", "neuron_roles"),
    "commstruct.serving": ("ModuleTuning", "matched_tuning", "module_tuning"),
    "commstruct.nulls": (
        "NullNetwork",
        "permute_weights",
        "preserve_strengths",
        "rewire_edges",
    ),
    "commstruct.block_nulls": ("permute_within_blocks", "preserve_gains"),
    "commstruct.significance": ("Significance", "structure_significance"),
    "commstruct.compare": (
        "ConnectomeComparison",
        "GraphMatching",
        "GroupComparison",
        "PartitionComparison",
        "compare_connectomes",
        "compare_groups",
        "compare_partitions",
        "match_graphs",
    ),
    "commstruct.analysis": ("Analysis", "AnalysisSettings", "analyze", "read_analysis"),
    "commstruct.placing": ("Placement", "place_on_sweep"),
    "commstruct.report": (
        "ReportSettings",
        "match_modules",
        "module_order",
        "plot_accuracy",
        "plot_blocks",
        "plot_comparison",
        "plot_dynamics",
        "plot_learning_curves",
        "plot_learning_rates",
        "plot_matrix",
        "plot_morphospace",
        "plot_nulls",
        "plot_resolution_scan",
        "write_report",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'commstruct' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
