"""Edges of the SONATA format: HDF5 files of modelled circuits."""

from pathlib import Path
from typing import Any

import numpy as np

from commstruct.files.apart import try_apart
from commstruct.files.content import FileContent, listed, weights_from_edges
from commstruct.files.extras import import_extra
from commstruct.files.limits import check_sparse, library_errors
from commstruct.files.matlab import refuse_elsewhere
from commstruct.files.options import ReadingOptions
from commstruct.vocabulary import FloatVector, IntVector

KIND = "SONATA edges (HDF5)"
ENDS = ("source_node_id", "target_node_id")
GROUP, INDEX = "edge_group_id", "edge_group_index"
WEIGHTS = ("syn_weight", "nsyns")  # the first that there is; else each edge weighs 1


def read_sonata(path: Path, options: ReadingOptions) -> FileContent:
    """Read a population of edges within one population of neurons.

    The SONATA format of Dai et al. (2020, doi:10.1371/journal.pcbi.1007696): neurons
    are numbered from 0, and ``source_node_id`` drives ``target_node_id``. Weights that
    stand in a table of edge types beside the file are not read.
    """
    import_extra("h5py", path=path, kind="SONATA", extra="hdf5")
    try_apart(path, lambda: _read(path, options), options.max_memory)
    return _read(path, options)


def _read(path: Path, options: ReadingOptions) -> FileContent:
    h5py = import_extra("h5py", path=path, kind="SONATA", extra="hdf5")
    with library_errors(path, KIND):
        file = h5py.File(path, "r")
    with file:
        with library_errors(path, KIND):
            population = _population(h5py, file, options.variable)
            n_edges = len(population[ENDS[0]])
        check_sparse(path, 1, n_edges, options.max_memory)
        with library_errors(path, KIND):
            source, target = _neurons(population, n_edges)
            asked = options.columns.get("weight")
            weight, notes = _weights(h5py, population, n_edges, asked)
    n = int(max(source.max(), target.max())) + 1
    check_sparse(path, n, n_edges, options.max_memory)
    weights, n_summed = weights_from_edges(
        source,
        target,
        weight,
        names=[str(number) for number in range(n)],
        directed=options.directed is not False,
        path=path,
        options=options,
    )
    return FileContent(
        weights,
        names=[str(number) for number in range(n)],
        orientation="pre-post",
        duplicates_summed=n_summed,
        notes=notes,
        is_list=True,
    )


def _population(h5py: Any, file: Any, chosen: str | None) -> Any:
    """The population that is asked for, or the only one."""
    if "edges" not in file:
        raise ValueError(
            f"must have the group edges, got {listed(map(str, file)) or 'nothing'}"
        )
    refuse_elsewhere(h5py, file, "edges")
    found = {}
    for name, population in file["edges"].items():
        refuse_elsewhere(h5py, file["edges"], name)
        if all(end in population for end in ENDS):
            found[str(name)] = population
    if chosen is None and len(found) == 1:
        chosen = next(iter(found))
    if chosen not in found:
        raise ValueError(
            f"has the populations {listed(found)} of edges: choose one by variable= "
            "(--variable)"
        )
    for name in found[chosen]:
        refuse_elsewhere(h5py, found[chosen], name)
    return found[chosen]


def _neurons(population: Any, n_edges: int) -> tuple[IntVector, IntVector]:
    """Numbers of the neurons before and after each edge."""
    homes = {str(population[end].attrs.get("node_population", "")) for end in ENDS}
    if len(homes) > 1:
        raise ValueError(
            f"connects two populations, {listed(sorted(homes))}, and is no network of "
            "one"
        )
    source, target = (population[end][()].astype(np.int64) for end in ENDS)
    if not source.shape == target.shape == (n_edges,) or not n_edges:
        raise ValueError(f"must have edges, got {source.shape} and {target.shape} ends")
    if min(source.min(), target.min()) < 0:
        raise ValueError("neurons must be numbered from 0 on, got a negative number")
    return source, target


def _weights(
    h5py: Any, population: Any, n_edges: int, asked: str | None
) -> tuple[FloatVector, tuple[str, ...]]:
    """Weight of each edge, and what it is; every group has the values of some edges."""
    groups: IntVector = np.zeros(n_edges, dtype=np.int64)
    places: IntVector = np.arange(n_edges)
    if GROUP in population:
        groups, places = (population[name][()] for name in (GROUP, INDEX))
    parts = {str(number): population.get(str(number), {}) for number in set(groups)}
    for part in parts.values():
        for name in part:
            refuse_elsewhere(h5py, part, name)
    present = sorted({str(name) for part in parts.values() for name in part})
    if asked is not None and asked not in present:
        raise ValueError(f"has no {asked!r} of edges, only {listed(present)}")
    wanted = [name for name in WEIGHTS if name in present] if asked is None else [asked]
    if not wanted:
        return np.ones(n_edges), ("no weights in the file: every edge weighs 1",)
    lacking = sorted(number for number, part in parts.items() if wanted[0] not in part)
    if lacking:
        raise ValueError(
            f"edges of the groups {listed(lacking)} have no {wanted[0]!r}, which "
            "others have"
        )
    weight = np.empty(n_edges)
    for number, part in parts.items():
        own = groups == int(number)
        weight[own] = part[wanted[0]][()][places[own]]
    return weight, (f"weights are {wanted[0]!r}",)
