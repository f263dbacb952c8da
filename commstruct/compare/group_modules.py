"""Modules of individuals: what they share, and whether groups differ in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd

from commstruct.checks import spawn_seeds
from commstruct.compare.group_tests import Tester
from commstruct.compare.whole_network import WholeTest, compare_whole
from commstruct.connectome import Connectome
from commstruct.modules.agreement import (
    match_modules,
    pair_distances,
    rand_indices,
)
from commstruct.modules.consensus import consensus_labels
from commstruct.modules.finding import find_modules
from commstruct.statistics import at_least
from commstruct.vocabulary import FloatMatrix, IntMatrix, IntVector

CONSENSUS = "consensus"
NEURON_TESTS = ("effect", "p_value", "p_fwe", "q_value")
# Partitions with neurons shuffled, against which the agreement of individuals is
# compared: its smallest p-value is 1/200.
N_SHUFFLED = 199


@dataclass(frozen=True, eq=False)
class GroupModules:
    """Modules of each individual, numbered as those that individuals share.

    Attributes
    ----------
    structure : str
        Kind of modules that was found in every network; see `find_modules`.
    reference : str
        "consensus", or the attribute of the neurons that was used in its place.
    names : tuple of str
        Names of the reference modules.
    labels : (m, n) array of int
        Module of each neuron in each network, by the number of the reference module
        that overlaps most (one to one); larger numbers have no counterpart.
    agreement : float
        Mean adjusted Rand index between networks of different individuals: 0 is the
        agreement by chance, 1 identity.
    agreement_p : float
        Share of partitions with neurons shuffled within each network, the observed ones
        included, that agree at least as much.
    p_value : float
        Of a difference between groups in which neurons are together, by the test of
        the whole (`GroupComparison.whole_p`) on the share of pairs of neurons that only
        one of two networks has in one module. NaN if nothing was tested.
    share : float
        Fraction of these squared distances that the tested term explains.
    spread_p : float
        Of a difference in how much modules vary within groups.
    spreads : dict of str to float
        Mean distance from the centre of each group.
    """

    structure: str
    reference: str
    names: tuple[str, ...]
    labels: IntMatrix
    agreement: float
    agreement_p: float
    p_value: float = float("nan")
    share: float = float("nan")
    spread_p: float = float("nan")
    spreads: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ModuleTables:
    """Tables of `GroupModules`.

    Attributes
    ----------
    neurons : DataFrame
        Module of each neuron, the share of networks in which it is in that module, of
        all and of each group, and a test of the difference between groups.
    agreement : DataFrame
        Mean adjusted Rand index of the networks of each pair of groups; networks of one
        individual apart.
    individuals : DataFrame
        Number of modules of each network, and their adjusted Rand index with the
        reference.
    """

    neurons: pd.DataFrame
    agreement: pd.DataFrame
    individuals: pd.DataFrame


def group_modules(
    networks: Sequence[Connectome],
    tester: Tester,
    *,
    structure: str,
    restarts: int,
    seed: int,
    workers: int = 1,
    known: tuple[str, tuple[str, ...], IntVector] | None = None,
    subjects: Sequence[object] | None = None,
) -> tuple[GroupModules, ModuleTables]:
    """Find the modules of every network, and compare them between groups.

    The consensus over individuals is that of Lancichinetti & Fortunato (2012),
    doi:10.1038/srep00336. Groups whose individuals agree more within than between were
    compared by Alexander-Bloch et al. (2012), doi:10.1016/j.neuroimage.2011.11.035, by
    exchanging individuals; here by a test that also respects the design and does not
    take a difference in variability for one in modules (Alekseyenko 2016).

    Parameters
    ----------
    networks : sequence of Connectome
        Of the same neurons in the same order.
    tester : Tester
        Design and rearrangements.
    structure, restarts, workers : see `find_modules`
    seed : int
    known : (str, tuple of str, (n,) array of int), optional
        Attribute, names and numbers of modules that are used in place of the consensus.
    subjects : sequence, optional
        Individual of each network.
    """
    *own_seeds, consensus_seed, shuffle_seed = spawn_seeds(seed, len(networks) + 2)
    found = [
        find_modules(
            network, structure=structure, restarts=restarts, seed=own, workers=workers
        ).labels
        for network, own in zip(networks, own_seeds, strict=True)
    ]
    if known is None:
        reference = consensus_labels(found, seed=consensus_seed, workers=workers)
        count = int(reference.max()) + 1
        column, names = CONSENSUS, tuple(f"module {i}" for i in range(count))
    else:
        column, names, reference = known
    labels = np.stack([_numbered(own, reference, len(names)) for own in found])
    labels.flags.writeable = False
    owners = (
        np.arange(len(found))
        if subjects is None
        else pd.factorize(np.array(subjects))[0]
    )
    rand = rand_indices(found)
    whole = WholeTest()
    if tester.design is not None and tester.ways is not None:
        whole = compare_whole(
            tester.design, np.sqrt(pair_distances(found)), tester.ways
        )
    modules = GroupModules(
        structure=structure,
        reference=column,
        names=names,
        labels=labels,
        agreement=_mean_between(rand, owners),
        agreement_p=_agreement_p(found, owners, shuffle_seed),
        p_value=whole.p_value,
        share=whole.share,
        spread_p=whole.spread_p,
        spreads=whole.spreads or {},
    )
    tables = ModuleTables(
        neurons=_neuron_table(networks[0].names, names, reference, labels, tester),
        agreement=_agreement_table(rand, tester.groups, owners),
        individuals=pd.DataFrame(
            {
                "n_modules": [int(own.max()) + 1 for own in found],
                "agreement": rand_indices([*found, reference])[-1, :-1],
            }
        ),
    )
    return modules, tables


def _numbered(own: IntVector, reference: IntVector, n_reference: int) -> IntVector:
    """Labels of one network by the numbers of the reference modules they overlap."""
    present, closed = np.unique(reference, return_inverse=True)
    ids = match_modules(own, closed, reference_ids=present, first_new=n_reference)
    return np.asarray(ids[own], dtype=np.int64)


def _mean_between(rand: FloatMatrix, owners: IntVector) -> float:
    """Mean over the pairs of networks of different individuals."""
    return float(rand[owners[:, None] != owners].mean())


def _agreement_p(found: list[IntVector], owners: IntVector, seed: int) -> float:
    """p-value of the agreement, by shuffling the neurons of every individual."""
    rng = np.random.default_rng(seed)
    observed, n = _mean_between(rand_indices(found), owners), len(found[0])
    larger = 1
    for _ in range(N_SHUFFLED):
        orders = [rng.permutation(n) for _ in range(owners.max() + 1)]
        shuffled = [own[orders[one]] for own, one in zip(found, owners, strict=True)]
        agreement = _mean_between(rand_indices(shuffled), owners)
        larger += bool(at_least(agreement, observed, scale=1.0))
    return larger / (N_SHUFFLED + 1)


def _neuron_table(
    neurons: tuple[str, ...],
    names: tuple[str, ...],
    reference: IntVector,
    labels: IntMatrix,
    tester: Tester,
) -> pd.DataFrame:
    """How often each neuron is in its reference module, and a test of that share."""
    is_member = (labels == reference).astype(np.float64)
    table = pd.DataFrame(
        {
            "neuron": list(neurons),
            "module": np.array(names, dtype=object)[reference],
            "share": is_member.mean(axis=0),
        }
    )
    design = tester.design
    if design is None or design.exchange == "signs":  # no share to differ from
        return table
    tested = tester.table(pd.DataFrame(index=table.index), is_member)
    shares = [name for name in tested if name.startswith("mean ")]
    kept = [*shares, *NEURON_TESTS]
    renamed = {name: f"share {name.removeprefix('mean ')}" for name in shares}
    return pd.concat([table, tested[kept].rename(columns=renamed)], axis=1)


def _agreement_table(
    rand: FloatMatrix, groups: tuple[str, ...], owners: IntVector
) -> pd.DataFrame:
    """Mean agreement within and between groups, and within individuals."""
    group_of = np.array(groups or ("all",) * len(rand), dtype=object)
    levels = list(dict.fromkeys(group_of))
    first, second = np.triu_indices(len(rand), 1)
    same_owner = owners[first] == owners[second]
    values = rand[first, second]
    rows = []
    for a, b in combinations_with_replacement(levels, 2):
        ends = (group_of[first] == a) & (group_of[second] == b)
        ends |= (group_of[first] == b) & (group_of[second] == a)
        rows.append((a, b, "between individuals", values[ends & ~same_owner]))
    if same_owner.any():
        rows.append(("", "", "within individuals", values[same_owner]))
    return pd.DataFrame(
        [
            (a, b, pairs, len(own), float(own.mean()) if len(own) else np.nan)
            for a, b, pairs, own in rows
        ],
        columns=["group", "other", "pairs", "n_pairs", "agreement"],
    )
