"""Reference axes on which all networks are placed, with values expected by chance."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commstruct.analysis import Analysis, RegionAnalysis
from commstruct.blocks.intervals import block_intervals
from commstruct.connectome import as_connectome
from commstruct.vocabulary import SCORES

AXES = {
    "diagonal_score": "D",
    "modularity": "Q",
    "structure_strength": "structure strength",
    "assortative": "assortative pairs",
    "disassortative": "disassortative pairs",
    "core-periphery": "core-periphery pairs",
    "source-basin": "source-basin pairs",
}
N_BOOTSTRAPS = 1000  # ends of a 95 % interval rest on 25 values each


@dataclass(frozen=True)
class Place:
    """Position of one network on one axis.

    Attributes
    ----------
    value : float
        The measure. A single module is neither block-diagonal nor off-diagonal: its
        diagonal score counts as 0.
    expected, expected_low, expected_high : float
        For a score, mean and 95 % range over null networks, on the modules found in
        each. For a share of pairs of modules, the share if block means were in random
        order (`PairTypes.chance`), without a range.
    excess : float
        `value` minus `expected`; NaN without null networks, or without pairs.
    low, high : float
        95 % interval of `excess` by resampling of neurons; NaN where unknown.
    p_value : float
        Of the score among the null networks; NaN if it was not tested.
    """

    value: float
    expected: float
    expected_low: float
    expected_high: float
    excess: float
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan


@dataclass(frozen=True)
class ConnectomePlaces:
    """Positions of a connectome on all axes.

    Attributes
    ----------
    name : str
    n_neurons, n_edges : int
    is_directed, is_signed : bool
        In an undirected network, pairs of modules are of three kinds, each in a third
        of the pairs if means are in random order; source-basin is not among them.
    n_modules, n_nulls : int
    places : dict of a key of `AXES` to Place
    """

    name: str
    n_neurons: int
    n_edges: int
    is_directed: bool
    is_signed: bool
    n_modules: int
    n_nulls: int
    places: dict[str, Place]


def place_of(one: RegionAnalysis, axis: str, *, is_directed: bool = True) -> Place:
    """Measure one region of one network on one axis.

    Parameters
    ----------
    one : RegionAnalysis
    axis : str
        A key of `AXES`.
    is_directed : bool
        Whether pairs of modules are of the directed types.
    """
    if axis in SCORES:
        return _place_of_score(one, axis)
    blocks = one.blocks
    types = blocks.pair_types_directed if is_directed else blocks.pair_types
    return Place(
        value=types.shares.get(axis, math.nan),
        expected=types.chance.get(axis, math.nan),
        expected_low=math.nan,
        expected_high=math.nan,
        excess=types.excess.get(axis, math.nan),
    )


def zero_of_one_module(one: RegionAnalysis, value: float) -> float:
    """Return the score, or 0 for a single module, which is on neither side of zero."""
    return 0.0 if one.blocks.n_modules == 1 else value


def _place_of_score(one: RegionAnalysis, axis: str) -> Place:
    value = zero_of_one_module(one, one.score(axis))
    nulls = one.nulls.of(axis)
    if not len(nulls):
        return Place(value, math.nan, math.nan, math.nan, math.nan)
    low, high = np.quantile(nulls, [0.025, 0.975])
    expected = float(nulls.mean())
    return Place(
        value=value,
        expected=expected,
        expected_low=float(low),
        expected_high=float(high),
        excess=value - expected,
        p_value=one.p_values[axis],
    )


def place_connectome(
    name: str, network: Any, analysis: Analysis, *, seed: int = 0
) -> ConnectomePlaces:
    """Place a connectome on all axes, with intervals by resampling its neurons.

    Parameters
    ----------
    name : str
    network : Connectome, or anything `as_connectome` takes
    analysis : Analysis
        Of `network`; its first structure is placed.
    seed : int, default 0
        Of the resampling (`block_intervals`, which takes the modules as given).
    """
    connectome = as_connectome(network)
    one = analysis.regions[0]
    directed = connectome.is_directed
    places = {axis: place_of(one, axis, is_directed=directed) for axis in AXES}
    if one.blocks.n_modules > 1:
        intervals = block_intervals(
            connectome, one.partition.labels, seed=seed, n_bootstraps=N_BOOTSTRAPS
        )
        for axis in ("diagonal_score", "structure_strength"):
            low, high = getattr(intervals, axis) - places[axis].expected
            places[axis] = replace(places[axis], low=float(low), high=float(high))
    return ConnectomePlaces(
        name=name,
        n_neurons=connectome.n_neurons,
        n_edges=connectome.n_edges,
        is_directed=directed,
        is_signed=connectome.is_signed,
        n_modules=one.blocks.n_modules,
        n_nulls=len(one.nulls.n_modules),
        places=places,
    )
