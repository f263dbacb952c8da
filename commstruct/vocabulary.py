"""Words and array types of signatures, tables and files, each defined once.

A score, a region or a kind of modules is added here, and everything that lists them
follows. This file imports nothing but numpy, so that the command line can name its
options without loading the analysis.
"""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

# Arrays. The types tell the element, not the number of dimensions: vector and matrix
# are for the reader.

FloatArray: TypeAlias = NDArray[np.float64]
FloatVector: TypeAlias = NDArray[np.float64]
FloatMatrix: TypeAlias = NDArray[np.float64]
IntVector: TypeAlias = NDArray[np.int64]
IntMatrix: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
BoolMatrix: TypeAlias = NDArray[np.bool_]
BoolVector: TypeAlias = NDArray[np.bool_]

# What can be asked for

Structure = Literal["any", "assortative", "disassortative"]
"""Kind of modules to look for; see `commstruct.find_modules`."""

Signs = Literal["signed", "positive", "negative", "absolute"]
"""Which weights a search is about."""

Region = Literal["whole", "hidden", "learned change"]
"""Part of a trained network: all neurons, the hidden ones, or final minus initial
weights of all neurons."""

NullName = Literal[
    "auto",
    "permute",
    "degree",
    "strength",
    "gains",
    "reciprocity",
    "signs",
    "distance",
    "correlation",
]
"""What null networks keep; see `commstruct.structure_significance`."""

Normalize = Literal["total", "none"]
"""How connectomes are brought to one scale before they are compared."""

DataKind = Literal["binary", "counts", "weights", "correlation"]
"""What weights are; see `commstruct.Connectome`."""

Orientation = Literal["pre-post", "post-pre"]
"""Whether rows or columns of a weight matrix are the sending neurons."""

STRUCTURES: tuple[Structure, ...] = get_args(Structure)
SIGNS: tuple[Signs, ...] = get_args(Signs)
REGIONS: tuple[Region, ...] = get_args(Region)
NULL_NAMES: tuple[NullName, ...] = get_args(NullName)
NORMALIZE: tuple[Normalize, ...] = get_args(Normalize)
DATA_KINDS: tuple[DataKind, ...] = get_args(DataKind)
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)

ROLES = ("input", "hidden", "output")
"""Roles of the neurons of a trained network; sweep stores keep their positions here."""

UNTYPED = "untyped"
"""Kind of the neurons whose type, or other attribute, is not known."""

# What is measured

SCORES = ("diagonal_score", "modularity", "structure_strength")
"""Scores of a network on its modules, by the names of their fields and columns."""

# Columns of tables of edges, in the spelling of `plain_name`

# fmt: off
SOURCES = [
    "source", "source_id", "source_name", "src", "from", "pre", "pre_id", "pre_name",
    "pre_root_id", "pre_pt_root_id", "pre_neuron", "pre_cell", "pre_neuron_id",
    "presynaptic", "presynaptic_id", "presynaptic_neuron", "bodyid_pre", "body_id_pre",
    "body_pre", "pre_bodyid", "pre_body_id", "origin", "sender", "cell1", "neuron1",
    "neuron_1",
]
TARGETS = [
    "target", "target_id", "target_name", "tgt", "to", "post", "post_id", "post_name",
    "post_root_id", "post_pt_root_id", "post_neuron", "post_cell", "post_neuron_id",
    "postsynaptic", "postsynaptic_id", "postsynaptic_neuron", "bodyid_post",
    "body_id_post", "body_post", "post_bodyid", "post_body_id", "destination",
    "receiver", "cell2", "neuron2", "neuron_2",
]
WEIGHTS = [
    "weight", "weights", "w", "syn_count", "synapse_count", "synapses", "n_synapses",
    "num_synapses", "n_syn", "n_syns", "nsyn", "number_of_synapses",
    "number_of_connections", "count", "strength",
]
# Taken for weights where there is no better name: Newman's GML files and D3 have it.
WEAK_WEIGHTS = ["value"]
# fmt: on


def plain_name(column: Any) -> str:
    """Column name in lower case, without "#" and with "_" for spaces."""
    words = str(column).strip().lstrip("#% ").strip("\"'").lower()
    return words.replace("-", "_").replace(" ", "_").replace(".", "_")


# Words for people

SCORE_SYMBOLS = {"diagonal_score": "D", "modularity": "Q", "structure_strength": "S"}
SCORE_NAMES = {
    "diagonal_score": "diagonal score D",
    "modularity": "signed modularity Q",
    "structure_strength": "structure strength S",
}
SCORE_AXES = {
    "diagonal_score": "diagonal score $D$",
    "modularity": "modularity $Q$",
    "structure_strength": "structure strength $S$",
}
"""Labels of axes, in which ``$`` makes a symbol italic."""

KIND_NAMES: dict[str, str] = {
    "binary": "connections that exist or do not",
    "counts": "counts",
    "weights": "weights",
    "correlation": "a correlation matrix",
}
"""What data are taken for."""

LABELS = "labels: "
"""Before the name of an attribute: neurons in the modules that it gives."""

AGREEMENT = "agreement with "
"""Before the name of an attribute: statistic of modules that are compared with it."""

STRUCTURE_NAMES: dict[str, str] = {
    "any": "modules of any structure",
    "assortative": "assortative modules",
    "disassortative": "disassortative modules",
}
STRUCTURE_TITLES: dict[str, str] = {
    "any": "any structure",
    "assortative": "assortative",
    "disassortative": "disassortative",
}
"""Shorter, where it is clear that modules are spoken of."""

NULL_KEEPS: dict[str, str] = {
    "permute": "which connections may exist, and the weights",
    "degree": "every neuron\u2019s numbers of connections",
    "strength": "every neuron\u2019s numbers of connections and strengths",
    "gains": "how strongly every neuron sends and receives, as factors, and how "
    "weights are returned",
    "reciprocity": "every neuron\u2019s strengths, and how weights are returned",
    "signs": "every neuron\u2019s strengths, and the sign of what it sends",
    "distance": "every neuron\u2019s numbers of connections, and how connections and "
    "weights depend on distance",
    "correlation": "mean and variance of the correlations, as of a covariance",
}
"""What null networks keep, by their names."""

NULL_BEYOND: dict[str, str] = {
    "permute": "the distribution of weights",
    "degree": "degrees",
    "strength": "strengths",
    "gains": "gains",
    "reciprocity": "reciprocity",
    "signs": "signs",
    "distance": "distance",
    "correlation": "a correlation matrix",
}
"""What structure is beyond that is found in no such null network."""

REGION_TITLES: dict[str, str] = {
    "whole": "whole network",
    "hidden": "hidden neurons",
    "learned change": "learned change",
}
REGION_NAMES_SHORT = {region: f"the {title}" for region, title in REGION_TITLES.items()}
"""In sentences where it is clear that weights are spoken of."""

REGION_NAMES = REGION_NAMES_SHORT | {
    "learned change": "the learned change of the weights"
}
"""In all other sentences."""

REGION_WEIGHTS: dict[str, str] = {
    "whole": "weight",
    "hidden": "weight",
    "learned change": "weight change",
}
"""What the entries of a region's matrix are."""

# Sizes of networks

VERY_LARGE = 20_000
"""Neurons above which one thorough search takes minutes, so that searches are cut
short, fewer are made, and each is a task of its own."""

COMPILED_EDGES = 50_000
"""Edges from which null networks of a sparse network are made by compiled loops.

With fewer, numpy is as fast.
"""

DENSE_SEARCH = 4000
"""Neurons up to which a sparse network may be made dense (128 MB) to be searched by,
or randomised for, the model of dense networks."""

DENSE_SHARE = 0.5
"""Share of the possible synapses that exist from which a network is dense. With fewer,
most of the information is in which synapses exist. A half is the natural boundary; it
was not tuned."""

DENSE_READ = 2000
"""Neurons up to which a list of edges is read as a dense matrix (32 MB)."""

# Names in the files that we write

ANALYSIS_FORMAT = "commstruct-analysis"
CONNECTOME_FORMAT = "commstruct-connectome"
STUDY_FORMAT = "commstruct-study"
SWEEP_FORMAT = "commstruct-sweep"
