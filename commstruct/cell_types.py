"""What cell types do: their connections, their sides, the modules they make up."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import hypergeom

from commstruct.connectome import Connectome, as_connectome, kinds_in
from commstruct.labels import Labels, as_labels
from commstruct.statistics import benjamini_hochberg
from commstruct.vocabulary import UNTYPED, FloatMatrix, FloatVector, IntVector

SIDES = (
    frozenset({"l", "left", "lhs"}),
    frozenset({"r", "right", "rhs"}),
)
"""Words for the left and the right side, in lower case."""


def type_connections(network: Any, *, by: str = "type") -> pd.DataFrame:
    """Connections from each cell type to each, as a table with names.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    by : str
        Column of attributes; neurons without a value are ``"untyped"``.

    Returns
    -------
    pandas.DataFrame
        One row per ordered pair of types with a connection, largest total weight
        first. ``pre``, ``post``; ``n_connections``, connected ordered pairs of
        neurons; ``n_pairs``, ordered pairs of different neurons that there are;
        ``weight``, the sum of the weights; ``mean``, per connection; ``input_fraction``
        and ``output_fraction``: sum of ``|weight|`` over all that the post type
        receives, and over all that the pre type sends. Self-connections count in the
        weights and connections, not in the pairs.

    Raises
    ------
    ValueError
        If there is no such column.

    See Also
    --------
    Connectome.collapse : The same as a network.
    flow_order : The order of types from input to output.

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.as_connectome(
    ...     [[0, 1, 3], [0, 0, 1], [1, 0, 0]], attributes={"type": ["A", "A", "B"]}
    ... )
    >>> table = cs.type_connections(network)
    >>> table[["pre", "post", "n_connections", "n_pairs", "weight"]]
      pre post  n_connections  n_pairs  weight
    0   A    B              2        2     4.0
    1   A    A              1        2     1.0
    2   B    A              1        2     1.0
    >>> table.input_fraction.tolist()
    [1.0, 0.5, 0.5]
    """
    connectome = as_connectome(network)
    kinds = _kinds(connectome, by)
    codes, names = pd.factorize(np.array(kinds, dtype=object), sort=True)
    edges = connectome.to_scipy().tocoo()
    table = pd.DataFrame(
        {
            "pre": codes[edges.row],
            "post": codes[edges.col],
            "weight": edges.data,
            "size": np.abs(edges.data),
        }
    )
    grouped = table.groupby(["pre", "post"], as_index=False).agg(
        n_connections=("weight", "size"), weight=("weight", "sum"), size=("size", "sum")
    )
    sizes = np.bincount(codes, minlength=len(names))
    pre, post = grouped["pre"].to_numpy(), grouped["post"].to_numpy()
    size = grouped["size"].to_numpy()
    result = pd.DataFrame(
        {
            "pre": names[pre],
            "post": names[post],
            "n_connections": grouped["n_connections"],
            "n_pairs": sizes[pre] * sizes[post] - np.where(pre == post, sizes[pre], 0),
            "weight": grouped["weight"],
            "mean": grouped["weight"] / grouped["n_connections"],
            "input_fraction": size / np.bincount(post, size, len(names))[post],
            "output_fraction": size / np.bincount(pre, size, len(names))[pre],
        }
    )
    order = np.lexsort((result["post"], result["pre"], -size))
    return result.iloc[order].reset_index(drop=True)


def module_types(network: Any, labels: Labels, *, by: str = "type") -> pd.DataFrame:
    """Which cell types make up each module, and which are there more than by chance.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    labels : module of each neuron, in any form that `as_labels` takes
    by : str
        Column of attributes.

    Returns
    -------
    pandas.DataFrame
        One row per module and type with a neuron in it, smallest p first within each
        module: ``module``, ``kind``, ``n`` neurons of that type in the module,
        ``n_module`` and ``n_kind`` neurons in all, ``expected`` by chance,
        ``enrichment`` (n over expected), and ``p_value``: of at least `n`, if the
        neurons of the module were drawn without replacement from all neurons of known
        type (hypergeometric; Rivals et al. 2007, doi:10.1093/bioinformatics/btl633).
        ``q_value`` is corrected over all modules and types, also those that do not
        meet, by Benjamini & Hochberg (1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
        Neurons of unknown type are left out.

    Raises
    ------
    ValueError
        If there is no such column, no neuron with a value, or not one module per
        neuron.

    Notes
    -----
    The p values take neurons as independent draws. Neurons of one type are often
    connected alike, so that modules of any network with such types are enriched; a
    small p says that modules and types go together, not why.

    See Also
    --------
    commstruct.label_agreement_test : Agreement of modules and types as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> network = cs.as_connectome(np.ones((6, 6)), attributes={"type": list("AAABBB")})
    >>> table = cs.module_types(network, [0, 0, 0, 1, 1, 1])
    >>> table[["module", "kind", "n", "expected", "p_value"]]
       module kind  n  expected  p_value
    0       0    A  3       1.5     0.05
    1       1    B  3       1.5     0.05
    """
    connectome = as_connectome(network)
    modules = as_labels(labels, connectome)
    kinds = np.array(_kinds(connectome, by), dtype=object)
    is_known = kinds != UNTYPED
    if not is_known.any():
        raise ValueError(f"at least one neuron must have a {by!r}, got none")
    codes, names = pd.factorize(kinds[is_known], sort=True)
    modules = modules[is_known]
    counts = np.zeros((modules.max() + 1, len(names)), dtype=np.int64)
    np.add.at(counts, (modules, codes), 1)
    counts = counts[counts.sum(axis=1) > 0]
    present = np.unique(modules)
    n_module, n_kind = counts.sum(axis=1)[:, None], counts.sum(axis=0)[None]
    n = int(counts.sum())
    p = hypergeom.sf(counts - 1, n, np.broadcast_to(n_kind, counts.shape), n_module)
    q = benjamini_hochberg(p.ravel()).reshape(p.shape)
    rows, columns = np.nonzero(counts)
    expected = (n_module * n_kind / n)[rows, columns]
    table = pd.DataFrame(
        {
            "module": present[rows],
            "kind": names[columns],
            "n": counts[rows, columns],
            "n_module": n_module[rows, 0],
            "n_kind": n_kind[0, columns],
            "expected": expected,
            "enrichment": counts[rows, columns] / expected,
            "p_value": p[rows, columns],
            "q_value": q[rows, columns],
        }
    )
    ordered = table.sort_values(["module", "p_value", "kind"], kind="stable")
    return ordered.reset_index(drop=True)


def left_right_pairs(
    network: Any, *, by: str = "type", side: str = "side"
) -> pd.DataFrame:
    """Left and right neurons of each type, and how alike their connections are.

    Parameters
    ----------
    network : Connectome, or anything `as_connectome` takes
    by, side : str
        Columns of attributes. Sides are L and R, or left and right, in any case;
        neurons of another side, or none, are on neither.

    Returns
    -------
    pandas.DataFrame
        One row per type with neurons on both sides, in alphabetical order: ``kind``,
        ``left`` and ``right`` (name of the only neuron on that side; empty if there
        are several), ``n_left``, ``n_right``, ``is_pair`` (one on each side), and
        ``input_similarity`` and ``output_similarity``: cosine of the total weights
        that the left neurons receive from (send to) each type on each side, and those
        of the right neurons with the sides exchanged. 1 for a mirror image; NaN where
        one side has no connection.

    Raises
    ------
    ValueError
        If there is no such column, or neurons on one side only.

    See Also
    --------
    commstruct.match_graphs : Matches the neurons of two sides one to one.

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.as_connectome(
    ...     [[0, 0, 2, 0], [0, 0, 0, 4], [1, 0, 0, 0], [0, 0, 0, 0]],
    ...     names=["AL", "AR", "BL", "BR"],
    ...     attributes={"type": ["A", "A", "B", "B"], "side": ["L", "R", "L", "R"]},
    ... )
    >>> table = cs.left_right_pairs(network)
    >>> table[["kind", "left", "right", "is_pair", "output_similarity"]]
      kind left right  is_pair  output_similarity
    0    A   AL    AR     True                1.0
    1    B   BL    BR     True                NaN
    """
    connectome = as_connectome(network)
    kinds = np.array(_kinds(connectome, by), dtype=object)
    sides = _sides(connectome, side)
    codes, names = pd.factorize(kinds, sort=True)
    k = len(names)
    # Groups: types on the left, on the right, and on neither side.
    groups = codes + k * sides
    n = len(groups)
    ones = (np.ones(n), (groups, np.arange(n)))
    members = sparse.csr_array(ones, shape=(3 * k, n))
    sums: FloatMatrix = (members @ connectome.to_scipy() @ members.T).toarray()
    mirrored = np.r_[k : 2 * k, 0:k, 2 * k : 3 * k]
    counts = np.bincount(groups, minlength=3 * k)
    rows = []
    for kind in range(k):
        left, right = kind, kind + k
        if names[kind] == UNTYPED or not (counts[left] and counts[right]):
            continue
        is_pair = bool(counts[left] == counts[right] == 1)
        rows.append(
            {
                "kind": names[kind],
                "left": _only(connectome, groups, left),
                "right": _only(connectome, groups, right),
                "n_left": int(counts[left]),
                "n_right": int(counts[right]),
                "is_pair": is_pair,
                "input_similarity": _cosine(sums[:, left], sums[mirrored, right]),
                "output_similarity": _cosine(sums[left], sums[right, mirrored]),
            }
        )
    return pd.DataFrame(rows)


def _kinds(connectome: Connectome, by: str) -> list[str]:
    if by not in connectome.attributes:
        known = ", ".join(map(str, connectome.attributes)) or "none"
        raise ValueError(
            f"column must be one of attributes, got {by!r}; there are {known}"
        )
    return kinds_in(connectome.attributes[by])


def _sides(connectome: Connectome, side: str) -> IntVector:
    """0 on the left, 1 on the right, 2 on neither."""
    words = [word.strip().lower() for word in _kinds(connectome, side)]
    sides = np.array([next((i for i in (0, 1) if w in SIDES[i]), 2) for w in words])
    if not {0, 1} <= set(sides.tolist()):
        raise ValueError(
            f"{side!r} must have neurons on both sides, L and R or left and right, got "
            f"{', '.join(sorted(set(words))[:5])}"
        )
    return sides


def _only(connectome: Connectome, groups: IntVector, group: int) -> str:
    """Name of the only neuron of a group; empty if there are several."""
    of_group = np.flatnonzero(groups == group)
    return connectome.names[of_group[0]] if len(of_group) == 1 else ""


def _cosine(a: FloatVector, b: FloatVector) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else float("nan")
