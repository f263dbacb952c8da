"""The result of comparing groups of connectomes."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from commstruct.compare.group_modules import GroupModules
from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.vocabulary import SCORES, FloatMatrix

GROUP_SCORES = (*SCORES, "density", "mean")
MEASURES = (*GROUP_SCORES, "n_modules", "agreement")
"""Columns of `GroupComparison.individuals` that are numbers of the network."""


@dataclass(frozen=True, eq=False)
class GroupComparison(Result):
    """Differences between groups of connectomes, as a whole and in detail.

    Tables of tests have these columns besides the mean of each group:

    ``effect``, ``low``, ``high``
        Tested effect in the unit of the data (of two groups the second minus the first,
        given the other predictors; of a number the change per unit), and its 95 %
        interval. NaN if several effects are tested together.
    ``d``, ``d_low``, ``d_high``
        Effect over the standard deviation within groups, with Hedges' correction, and
        its 95 % interval (Bonett 2008, doi:10.1037/1082-989X.13.2.99); NaN unless two
        groups or conditions are compared.
    ``t``, ``f``
        Welch's statistic of one effect and of several.
    ``p_value``
        By permutation (`commstruct.compare.linear_tests.permutation_p`): the share of
        rearrangements, the observed one included, with at least this evidence.
    ``p_fwe``
        The same for the largest evidence of the table: the chance that any row without
        an effect has it (Westfall & Young 1993).
    ``q_value``
        `p_value` corrected for the false discovery rate (Benjamini & Hochberg 1995).

    Attributes
    ----------
    names : tuple of str
        Names of the networks.
    groups : tuple of str
        Group of each network by the tested term; empty if it is a number, or if nothing
        was tested.
    formula, term : str
        The design, and what is tested of it; empty if nothing is.
    compares_groups : bool
        Whether any difference between the groups is what is tested, and not a contrast
        of some of them or an interaction.
    exchange : str
        What was rearranged: "between" individuals, "within" subjects, or "signs" of
        residuals; empty if nothing.
    spread : str
        How spread was estimated: of the "groups" each, of each "unit", or "one" of all;
        empty if nothing was tested.
    n_matched : int
        Neurons that all networks have; 0 if only kinds were matched.
    notes : tuple of str
        Sentences on the matching, the scale and the design.
    kinds_by : str
        Attribute of the neurons that makes the blocks, or "modules".
    kinds : tuple of str
        Names of the kinds.
    scores : DataFrame
        Tests of diagonal score, signed modularity, structure strength, density and mean
        weight as read, by the same kinds or modules in every network.
    individuals : DataFrame
        The scores of each network, what the formula uses and, with `modules`, the
        number of its modules and their agreement (adjusted Rand index) with those that
        networks share.
    blocks : DataFrame
        Tests of the mean weight of each block on a common scale. ``q_as_read``, if
        weights were scaled: `q_value` of the weights as read.
    block_values : (m, b) array
        Mean weight of each block, in the order of `blocks`, in each network, on the
        common scale.
    edges : DataFrame
        Tests of every edge that at least two networks have, on a common scale, and the
        ``component`` it is in, 0 for none; without rows if neurons are not matched.
        With ``edges="tfnbs"``, `p_tfnbs`: p-value of the threshold-free score,
        corrected for the number of edges.
    components : DataFrame
        Connected components of edges of p < .001 each: their numbers of edges and
        neurons, the summed evidence above the threshold, and p-values corrected for
        all components of the network (network-based statistic, by extent and by
        intensity).
    conflicts : DataFrame
        Matched neurons that have another kind in a network than in the first, whose
        kinds make the blocks: ``neuron``, ``connectome``, ``kind``, ``kind_in_first``.
    modules : GroupModules or None
        Modules of every network, and whether groups differ in them; None if neurons are
        not matched, are too many, or modules were not asked for.
    neurons : DataFrame
        Module of each neuron that the networks share, or its known label, and the share
        of networks in which it is in that module: of all, of each group, and the test
        of the difference. Without rows if `modules` is None.
    agreement : DataFrame
        Mean adjusted Rand index of the modules of two networks, by their groups;
        networks of one individual apart. Without rows if `modules` is None.
    places : DataFrame
        ``neuron`` and its coordinates ``x``, ``y``, ``z``, by the attributes of the
        first network; without rows if it does not have them or neurons are not matched.
    distances : (m, m) array
        Distances between networks: ``sqrt((1 - r) / 2)`` with the correlation r of
        the weights if neurons are matched, else of singular values.
    positions : (m, 2) array
        Map of the networks by classical multidimensional scaling of `distances`.
    map_share : float
        Fraction of the variance of `distances` that the map explains.
    whole_p : float
        p-value of a difference as a whole, from `distances`, that holds where groups
        differ in spread (Alekseyenko 2016, doi:10.1093/bioinformatics/btw524).
    whole_share : float
        Fraction of the squared distances that the tested term explains (R squared).
    spread_p : float
        p-value of a difference in spread, that is in the distance of networks from the
        centre of their group (Anderson 2006, doi:10.1111/j.1541-0420.2005.00440.x).
    spreads : dict of str to float
        Mean distance from the centre of each group.
    exact : bool
        Whether all rearrangements were examined.
    n_deals : int
        Number of rearrangements examined, including the observed one; if `exact`, all
        that differ by more than the names of the groups.
    smallest_p : float
        Smallest p-value that the design can give.
    settings : dict
        The arguments that reproduce this result.
    provenance : dict of str to str
        What it was made from, for reports: command, versions, hashes of the inputs.

    See Also
    --------
    compare_groups : The function that returns this result.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> rng = np.random.default_rng(0)
    >>> networks = [rng.poisson(2.0, (6, 6)) for _ in range(4)]
    >>> types = {"type": ["p", "p", "p", "q", "q", "q"]}
    >>> networks = [cs.as_connectome(w, attributes=types) for w in networks]
    >>> result = cs.compare_groups(networks, ["wild", "wild", "mutant", "mutant"])
    >>> result.exact, result.n_deals, round(result.smallest_p, 3)
    (True, 3, 0.333)
    >>> list(result.blocks.columns)[:5]
    ['from', 'to', 'mean wild', 'mean mutant', 'effect']
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    formula: str
    term: str
    compares_groups: bool
    exchange: str
    spread: str
    n_matched: int
    notes: tuple[str, ...]
    kinds_by: str
    kinds: tuple[str, ...]
    scores: pd.DataFrame
    individuals: pd.DataFrame
    blocks: pd.DataFrame
    block_values: FloatMatrix
    edges: pd.DataFrame
    components: pd.DataFrame
    conflicts: pd.DataFrame
    modules: GroupModules | None
    neurons: pd.DataFrame
    agreement: pd.DataFrame
    places: pd.DataFrame
    distances: FloatMatrix
    positions: FloatMatrix
    map_share: float
    whole_p: float
    whole_share: float
    spread_p: float
    spreads: dict[str, float]
    exact: bool
    n_deals: int
    smallest_p: float
    settings: dict[str, Any]
    provenance: dict[str, str] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the groups; of two, effects are the second minus the first."""
        columns = [str(column) for column in self.scores.columns]
        names = [
            name.removeprefix("mean ") for name in columns if name.startswith("mean ")
        ]
        return tuple(names) if self.groups else ()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        distances = pd.DataFrame(self.distances, columns=list(self.names))
        distances.insert(0, "connectome", list(self.names))
        individuals = self.individuals.assign(
            map_x=self.positions[:, 0], map_y=self.positions[:, 1]
        )
        tables = {
            "scores": self.scores,
            "individuals": individuals,
            "blocks": self.blocks,
            "edges": self.edges,
            "components": self.components,
            "distances": distances,
            "measures": self.measures(),
        }
        if len(self.conflicts):
            tables["conflicts"] = self.conflicts
        if self.modules is not None:
            own = pd.DataFrame(self.modules.labels.T, columns=list(self.names))
            own.insert(0, "neuron", self.neurons["neuron"].to_numpy(), True)
            tables |= {
                "neurons": self.neurons,
                "agreement": self.agreement,
                "individual_modules": own,
            }
        return tables

    def measures(self) -> pd.DataFrame:
        """Return scores and blocks of every network in a long table.

        One row per network and measure, with what is known of the network: the form
        that R and most programs for statistics take.

        Examples
        --------
        >>> import numpy as np
        >>> import commstruct as cs
        >>> rng = np.random.default_rng(0)
        >>> types = {"type": ["p", "p", "p", "q", "q", "q"]}
        >>> networks = [rng.poisson(2.0, (6, 6)) for _ in range(3)]
        >>> networks = [cs.as_connectome(w, attributes=types) for w in networks]
        >>> table = cs.compare_groups(networks).measures()
        >>> list(table), len(table)
        (['connectome', 'group', 'measure', 'from', 'to', 'value'], 33)
        """
        scores = [name for name in MEASURES if name in self.individuals]
        known = self.individuals.drop(columns=scores)
        taken = {name: f"{name}_" for name in ("measure", "from", "to", "value")}
        known = known.rename(columns=taken)
        measures = pd.DataFrame({"measure": scores, "from": "", "to": ""})
        blocks = self.blocks[["from", "to"]].assign(measure="block_mean")
        measures = pd.concat([measures, blocks[list(measures)]], ignore_index=True)
        values = np.hstack([self.individuals[scores].to_numpy(), self.block_values])
        m, n = values.shape
        table = known.loc[known.index.repeat(n)].reset_index(drop=True)
        repeated = pd.concat([measures] * m, ignore_index=True)
        return pd.concat([table, repeated.assign(value=values.ravel())], axis=1)

    def _summary(self) -> dict[str, Any]:
        settings = {k: v for k, v in self.settings.items() if v is not None}
        return {
            "n_networks": len(self.names),
            "n_matched": self.n_matched,
            "formula": self.formula,
            "term": self.term,
            "whole_p": self.whole_p,
            "whole_share": self.whole_share,
            "spread_p": self.spread_p,
            "kinds_by": self.kinds_by,
            **settings,
        }

    def _preview(self) -> pd.DataFrame:
        return self.scores

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per block, as `tables` has them under ``blocks``."""
        return self.blocks.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the edges as plain values; NaN becomes None."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        del values["edges"]
        content: dict[str, Any] = plain_data(values)
        return content
