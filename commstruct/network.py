"""The class of networks: weights[pre, post] with names, and what is done to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commstruct.checks import check_choice
from commstruct.data_kinds import kind_of
from commstruct.names import kinds_in, name_texts, two_of
from commstruct.operations import (
    Weights,
    block_sums,
    collapse_scale,
    fisher_transformed,
    read_only,
    read_only_weights,
    scale_of,
    scaled,
    symmetric_mean,
    thresholded,
)
from commstruct.symmetry import is_symmetric
from commstruct.vocabulary import DENSE_READ, BoolMatrix, IntVector

if TYPE_CHECKING:  # loaded only by those who use them: they take most of a second
    import igraph
    import networkx as nx
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Connectome:
    """Weights between neurons, with the names and attributes of the neurons.

    Use `as_connectome` to make one: it checks its input, which this class does not.
    Every function of this package that takes a network accepts whatever
    `as_connectome` accepts.

    Attributes
    ----------
    weights : (n, n) array or scipy.sparse.csr_array of float64, read-only
        ``weights[pre, post]``: row drives column. Sparse weights stay sparse.
    names : tuple of str
        Name of each neuron, all different.
    attributes : pandas.DataFrame
        One row per neuron in the order of `names`, with columns such as ``"type"`` or
        ``"side"``. It may have no columns.
    possible : (n, n) array of bool, read-only, or None
        Which synapses may exist; None means all between different neurons.
    orientation : {"pre-post", "post-pre"}
        Layout of the source. `weights` is ``[pre, post]`` either way.
    notes : tuple of str
        Sentences on what was changed in the source, such as weights made symmetric, and
        on what was done to the weights since.
    layers : mapping of str to (n, n) scipy.sparse.csr_array
        Parts of `weights` by what a source tells apart, such as neuropils or kinds of
        synapses; they add up to `weights`. Empty if it tells nothing apart.
    stated_kind : {"binary", "counts", "weights", "correlation"} or None
        What the weights are, if that was said or a diagonal of ones, which was left
        out, showed it; None to infer it. See `kind`.

    See Also
    --------
    as_connectome : Make a connectome from an array, a table or a graph.
    read_connectome : Read a connectome from a file.

    Examples
    --------
    >>> import commstruct as cs
    >>> chain = cs.as_connectome(
    ...     [[0, 2, 0], [0, 0, -1], [0, 0, 0]],
    ...     names=["AVA", "AVB", "DA1"],
    ...     attributes={"type": ["inter", "inter", "motor"]},
    ... )
    >>> chain
    <Connectome: 3 neurons, 2 edges, dense, signed, directed>
    >>> chain.types
    ('inter', 'inter', 'motor')
    >>> chain.subset([0, 1]).to_pandas()
         AVA  AVB
    AVA  0.0  2.0
    AVB  0.0  0.0
    """

    weights: Weights
    names: tuple[str, ...]
    attributes: pd.DataFrame
    possible: BoolMatrix | None = None
    orientation: str = "pre-post"
    notes: tuple[str, ...] = ()
    layers: Mapping[str, sparse.csr_array] = field(default_factory=dict)
    stated_kind: str | None = None

    def __repr__(self) -> str:
        """Number of neurons and edges, storage, sign and direction, on one line."""
        storage = "sparse" if self.is_sparse else "dense"
        sign = "signed" if self.is_signed else "non-negative"
        direction = "directed" if self.is_directed else "undirected"
        size = f"{self.n_neurons} neurons, {self.n_edges} edges"
        return f"<Connectome: {size}, {storage}, {sign}, {direction}>"

    def _repr_html_(self) -> str:
        """The same in a notebook, with the notes and the first neurons."""
        from commstruct.result import html_of

        shown = {"network": repr(self)[1:-1], "layers": ", ".join(self.layers)}
        notes = {f"note {i}": note for i, note in enumerate(self.notes, start=1)}
        neurons = self.attributes.set_axis(list(self.names), axis=0)
        return html_of("Connectome", {**shown, **notes}, neurons)

    @property
    def n_neurons(self) -> int:
        """Number of neurons, including those without synapses."""
        return len(self.names)

    @cached_property
    def has_names(self) -> bool:
        """Whether neurons have names of their own, not just ``"0"`` to ``"n - 1"``."""
        return self.names != tuple(map(str, range(self.n_neurons)))

    @property
    def types(self) -> tuple[str, ...] | None:
        """Type of each neuron, or None if types are not known.

        Neurons whose type is missing, empty or NaN are ``"untyped"``.
        """
        if "type" not in self.attributes:
            return None
        return tuple(kinds_in(self.attributes["type"]))

    @cached_property
    def kind(self) -> str:
        """What the weights are: binary, counts, weights or correlation.

        As stated, else inferred. ``"correlation"``: symmetric without zeros, at most 1
        in size, and positive semidefinite with a diagonal of ones. ``"binary"``: all
        weights that are not 0 are 1. ``"counts"``: whole numbers from 0 up. Else
        ``"weights"``.

        Examples
        --------
        >>> import commstruct as cs
        >>> cs.as_connectome([[0, 3], [1, 0]]).kind
        'counts'
        >>> cs.as_connectome([[0, 3], [1, 0]], kind="weights").kind
        'weights'
        """
        return self.stated_kind or kind_of(self.weights)

    @property
    def is_sparse(self) -> bool:
        """Whether `weights` is a scipy.sparse array."""
        return bool(sparse.issparse(self.weights))

    @cached_property
    def is_signed(self) -> bool:
        """Whether any weight is negative."""
        return bool(self.weights.min() < 0)

    @cached_property
    def is_directed(self) -> bool:
        """Whether weights differ from their transpose by more than rounding."""
        return not is_symmetric(self.weights)

    @cached_property
    def n_edges(self) -> int:
        """Number of non-zero weights, including self-connections.

        An undirected edge counts twice, once in each direction.
        """
        if isinstance(self.weights, np.ndarray):
            return int(np.count_nonzero(self.weights))
        return int(self.weights.nnz)

    def subset(self, neurons: ArrayLike) -> Connectome:
        """Return the connectome restricted to some of its neurons.

        Parameters
        ----------
        neurons : (m,) array of int, or (n,) array of bool
            Indices of the neurons, in the order of the result; or a mask.

        Raises
        ------
        ValueError
            If a neuron does not exist or is repeated, or if no neuron is left.
        """
        chosen = _neuron_indices(neurons, self.n_neurons)
        weights = self.weights[chosen][:, chosen]
        if isinstance(weights, np.ndarray):
            weights = read_only(weights)
        possible = self.possible
        if possible is not None:
            possible = read_only(possible[np.ix_(chosen, chosen)])
        return Connectome(
            weights=weights,
            names=tuple(self.names[i] for i in chosen),
            attributes=self.attributes.iloc[chosen].reset_index(drop=True),
            possible=possible,
            orientation=self.orientation,
            notes=self.notes,
            layers={
                name: read_only_weights(layer[chosen][:, chosen])
                for name, layer in self.layers.items()
            },
            stated_kind=self.stated_kind,
        )

    def select(
        self,
        mask: ArrayLike | Mapping[str, Any] | None = None,
        *,
        names: Iterable[object] | None = None,
        **kinds: object,
    ) -> Connectome:
        """Keep some neurons, by a mask, by name, or by their attributes.

        Parameters
        ----------
        mask : (n,) array of bool, names, or a mapping of columns to values, optional
            ``{"side": "L"}`` keeps the neurons whose side is L; a list of values keeps
            those with any of them. Values are compared as text.
        names : iterable, optional
            Names of the neurons to keep, in the order of the result.
        **kinds
            Columns and values as keywords: ``side="L"``.

        Returns
        -------
        Connectome
            With a note of how many neurons were kept. What is given twice must hold
            twice.

        Raises
        ------
        ValueError
            If a name or a column does not exist, or no neuron is left.

        See Also
        --------
        subset : The same by index.

        Examples
        --------
        >>> import commstruct as cs
        >>> network = cs.as_connectome(
        ...     [[0, 2, 1], [0, 0, 3], [4, 0, 0]],
        ...     names=["a", "b", "c"],
        ...     attributes={"side": ["L", "R", "L"]},
        ... )
        >>> network.select(side="L").names
        ('a', 'c')
        >>> network.select({"side": ["L", "R"]}, names=["c", "b"]).names
        ('c', 'b')
        """
        wanted = dict(kinds)
        chosen = np.arange(self.n_neurons)
        if isinstance(mask, Mapping):
            wanted = {**mask, **wanted}
        elif mask is not None and names is None and _are_texts(mask):
            names = np.asarray(mask).tolist()
        elif mask is not None:
            chosen = _neuron_indices(mask, self.n_neurons)
        if names is not None:
            index = {name: i for i, name in enumerate(self.names)}
            given = name_texts(names)
            unknown = [name for name in given if name not in index]
            if unknown:
                raise ValueError(
                    f"names must be of neurons, got {two_of(unknown)}; the neurons are "
                    f"{two_of(self.names)}"
                )
            allowed = set(chosen.tolist())
            chosen = np.array([index[n] for n in given if index[n] in allowed], int)
        for column, values in wanted.items():
            keep = self._has_kind(str(column), values)
            chosen = chosen[keep[chosen]]
        if not len(chosen):
            raise ValueError(
                f"at least one neuron must be selected, got none of {wanted}"
            )
        note = f"{len(chosen)} of {self.n_neurons} neurons were selected"
        told = ", ".join(f"{column} {_listed(v)}" for column, v in wanted.items())
        note += f" by {told}" if told else ""
        return replace(self.subset(chosen), notes=(*self.notes, note))

    def _has_kind(self, column: str, values: object) -> NDArray[np.bool_]:
        """Whether each neuron has one of the values in a column of attributes."""
        if column not in self.attributes:
            known = ", ".join(map(str, self.attributes)) or "none"
            raise ValueError(
                f"select must name columns of attributes, got {column!r}; there are "
                f"{known}"
            )
        kinds = kinds_in(self.attributes[column])
        allowed = set(name_texts(_as_list(values)))
        if not allowed & set(kinds):
            raise ValueError(
                f"{column} must have one of {two_of(sorted(allowed))}, got "
                f"{two_of(sorted(set(kinds)))}"
            )
        return np.array([kind in allowed for kind in kinds])

    def collapse(
        self, by: str | ArrayLike = "type", *, weights: str = "sum"
    ) -> Connectome:
        """Make one node of all neurons of a type.

        Parameters
        ----------
        by : str or (n,) array
            Column of attributes, or the kind of each neuron. Neurons without one are
            the node ``"untyped"``.
        weights : {"sum", "mean", "fraction"}
            ``"sum"``: of all weights from the neurons of one type to those of another,
            self-connections included. ``"mean"``: the sum divided by the number of
            ordered pairs of different neurons (that are possible); 0 where there is no
            pair. ``"fraction"``: the sum divided by the total ``|weight|`` that the
            receiving type receives.

        Returns
        -------
        Connectome
            Nodes are the types in alphabetical order, with ``type`` and ``n_neurons``
            as attributes. Layers are collapsed alike, and add up to the weights.

        Raises
        ------
        ValueError
            If the column does not exist, or there is not one kind per neuron.

        See Also
        --------
        select : Keep some neurons.
        normalize : Divide by the total input or output of each neuron.

        Examples
        --------
        Both A together send 3 + 1 to C, 2 on average:

        >>> import commstruct as cs
        >>> network = cs.as_connectome(
        ...     [[0, 1, 3], [1, 0, 1], [0, 0, 0]],
        ...     attributes={"type": ["A", "A", "C"]},
        ... )
        >>> network.collapse("type").to_pandas()
             A    C
        A  2.0  4.0
        C  0.0  0.0
        >>> network.collapse("type", weights="mean").to_pandas().loc["A", "C"].item()
        2.0
        """
        import pandas as pd

        if isinstance(by, str):
            if by not in self.attributes:
                known = ", ".join(map(str, self.attributes)) or "none"
                raise ValueError(
                    f"by must be a column of attributes, got {by!r}; there are {known}"
                )
            column, of = self.attributes[by], by
        else:
            column, of = pd.Series(np.asarray(by).tolist(), dtype=object), "kind"
        kinds = kinds_in(column)
        if len(kinds) != self.n_neurons:
            raise ValueError(
                f"by must be one kind per neuron ({self.n_neurons}), got {len(kinds)}"
            )
        names = sorted(set(kinds))
        index = {kind: i for i, kind in enumerate(names)}
        labels = np.array([index[kind] for kind in kinds])
        scale = collapse_scale(self.weights, self.possible, labels, weights)
        told = {"sum": "summed", "mean": "averaged", "fraction": "taken as fractions"}
        note = (
            f"{self.n_neurons} neurons were collapsed to {len(names)} by {of}, weights "
            f"{told[weights]}"
        )
        sums: Any = block_sums(self.weights, labels)
        if sparse.issparse(sums) and len(names) <= DENSE_READ:
            sums = sums.toarray()  # types are few, and most are connected
        return Connectome(
            weights=read_only_weights(sums / scale),
            names=tuple(names),
            attributes=pd.DataFrame({"type": names, "n_neurons": np.bincount(labels)}),
            orientation=self.orientation,
            notes=(*self.notes, note),
            layers={
                name: read_only_weights(sparse.csr_array(block_sums(w, labels) / scale))
                for name, w in self.layers.items()
            },
        )

    def threshold(self, min_weight: float, *, per: str = "pair") -> Connectome:
        """Drop weights below a size.

        Parameters
        ----------
        min_weight : float, more than 0
            Least ``|weight|`` that is kept, such as 5 synapses.
        per : {"pair", "layer"}
            Whether the size of a pair is that of all layers together, or each layer is
            thresholded by itself. A pair that falls falls in all layers.

        Returns
        -------
        Connectome
            With all neurons, and a note of how many connections were kept.

        Raises
        ------
        ValueError
            If `min_weight` is not positive, or there are no layers to threshold.

        See Also
        --------
        layer : One layer.

        Examples
        --------
        >>> import commstruct as cs
        >>> network = cs.as_connectome([[0, 5, 4], [0, 0, -6], [1, 0, 0]])
        >>> network.threshold(5).weights.tolist()
        [[0.0, 5.0, 0.0], [0.0, 0.0, -6.0], [0.0, 0.0, 0.0]]
        """
        check_choice("per", per, ("pair", "layer"))
        if per == "layer" and not self.layers:
            raise ValueError("per must be 'pair' for a network without layers")
        if per == "layer":
            layers = {k: thresholded(w, min_weight) for k, w in self.layers.items()}
            total: Any = sum(layers.values())
            kept = read_only_weights(
                total if self.is_sparse else sparse.csr_array(total).toarray()
            )
        else:
            kept = thresholded(self.weights, min_weight)
            exists = kept != 0
            layers = {
                k: read_only_weights(sparse.csr_array(w.multiply(exists)))
                for k, w in self.layers.items()
            }
        changed = replace(self, weights=kept, layers=layers)
        where = "of a layer " if per == "layer" else ""
        note = (
            f"weights {where}below {min_weight:g} were dropped: {changed.n_edges} of "
            f"{self.n_edges} connections were kept"
        )
        return replace(changed, notes=(*self.notes, note))

    def normalize(self, by: str) -> Connectome:
        """Divide weights by the total input or output of each neuron.

        Parameters
        ----------
        by : {"input", "output", "total"}
            ``"input"``: by the total ``|weight|`` that the receiving neuron receives,
            ``"output"``: that the sending one sends, ``"total"``: of the network.
            Self-connections count. Neurons without any keep their zeros.

        Returns
        -------
        Connectome
            Layers are divided by the same totals, and add up to the weights.

        See Also
        --------
        collapse : Types instead of neurons, also as fractions of their input.

        Examples
        --------
        >>> import commstruct as cs
        >>> network = cs.as_connectome([[0, 3, 0], [0, 0, 2], [0, 1, 0]])
        >>> network.normalize("input").weights.tolist()
        [[0.0, 0.75, 0.0], [0.0, 0.0, 1.0], [0.0, 0.25, 0.0]]
        """
        rows, columns = scale_of(self.weights, by)
        of = {
            "input": "total input of the receiving neuron",
            "output": "total output of the sending neuron",
            "total": "total weight of the network",
        }
        return replace(
            self,
            weights=scaled(self.weights, rows, columns),
            layers={k: scaled(w, rows, columns) for k, w in self.layers.items()},
            notes=(*self.notes, f"weights were divided by the {of[by]}"),
            stated_kind=None,
        )

    def symmetrize(self) -> Connectome:
        """Replace both weights of each pair by their mean.

        Which synapses may exist is then the same in both directions too.

        Examples
        --------
        >>> import commstruct as cs
        >>> cs.as_connectome([[0, 4], [2, 0]]).symmetrize().weights.tolist()
        [[0.0, 3.0], [3.0, 0.0]]
        """
        possible = self.possible
        if possible is not None:
            possible = read_only(possible | possible.T)
        note = "both weights of each pair were replaced by their mean"
        return replace(
            self,
            weights=symmetric_mean(self.weights),
            possible=possible,
            layers={k: symmetric_mean(w) for k, w in self.layers.items()},
            notes=(*self.notes, note),
            stated_kind=None,
        )

    def fisher_z(self) -> Connectome:
        """Transform correlations r to ``arctanh(r)``, the diagonal left out.

        The sampling error of the result hardly depends on its size (Fisher 1921,
        Metron 1, 3-32).

        Raises
        ------
        ValueError
            If a correlation is not between -1 and 1, these excluded, or there are
            layers, whose transforms do not add up.

        Examples
        --------
        >>> import commstruct as cs
        >>> network = cs.as_connectome([[1, 0.5], [0.5, 1]])
        >>> network.fisher_z().weights.round(3).tolist()
        [[0.0, 0.549], [0.549, 0.0]]
        """
        if self.layers:
            raise ValueError("fisher_z must be of one layer, got a network of several")
        note = "correlations were transformed to arctanh(r) (Fisher z)"
        weights = fisher_transformed(self.weights)
        notes = (*self.notes, note)
        return replace(self, weights=weights, notes=notes, stated_kind=None)

    def layer(self, name: str) -> Connectome:
        """One layer as a network of all neurons.

        Raises
        ------
        ValueError
            If there is no such layer.

        Examples
        --------
        >>> import commstruct as cs
        >>> network = cs.as_connectome(
        ...     {"chemical": [[0, 2], [0, 0]], "gap": [[0, 1], [1, 0]]}
        ... )
        >>> network.weights.tolist()
        [[0.0, 3.0], [1.0, 0.0]]
        >>> network.layer("gap").weights.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
        """
        if name not in self.layers:
            raise ValueError(
                f"layer must be one of {_listed(self.layers) or 'none'}, got {name!r}"
            )
        weights: Any = self.layers[name]
        if not self.is_sparse:
            weights = read_only(weights.toarray())
        notes = (*self.notes, f"the layer {name!r} of {len(self.layers)}")
        return replace(self, weights=weights, layers={}, notes=notes)

    def to_scipy(self) -> sparse.csr_array:
        """Return a copy of the weights as a scipy.sparse.csr_array."""
        return sparse.csr_array(self.weights, copy=True)

    def to_pandas(self) -> pd.DataFrame:
        """Return the weights as a table with one row per presynaptic neuron.

        Sparse weights give sparse columns.
        """
        import pandas as pd

        names = list(self.names)
        if isinstance(self.weights, np.ndarray):
            return pd.DataFrame(self.weights.copy(), index=names, columns=names)
        return pd.DataFrame.sparse.from_spmatrix(
            sparse.csr_matrix(self.weights), index=names, columns=names
        )

    def to_networkx(self) -> nx.Graph:
        """Return a networkx graph with the attributes on its nodes.

        The graph is a ``DiGraph`` if the connectome is directed, else a ``Graph``.
        """
        import networkx as nx

        kind = nx.DiGraph if self.is_directed else nx.Graph
        graph = nx.from_scipy_sparse_array(self.to_scipy(), create_using=kind)
        nx.set_node_attributes(graph, self.attributes.to_dict(orient="index"))
        return nx.relabel_nodes(graph, dict(enumerate(self.names)))

    def to_igraph(self) -> igraph.Graph:
        """Return an igraph graph.

        The edge attribute ``weight`` holds the weights, the vertex attribute ``name``
        the names of the neurons.
        """
        import igraph

        weights = self.to_scipy()
        edges = (weights if self.is_directed else sparse.triu(weights)).tocoo()
        graph = igraph.Graph(
            n=self.n_neurons,
            edges=np.column_stack([edges.row, edges.col]),
            directed=self.is_directed,
            edge_attrs={"weight": edges.data},
        )
        for column in self.attributes:
            graph.vs[str(column)] = self.attributes[column].tolist()
        graph.vs["name"] = list(self.names)
        return graph


def _neuron_indices(neurons: ArrayLike, n: int) -> IntVector:
    given = np.asarray(neurons)
    if given.dtype == np.bool_ and given.shape == (n,):
        given = np.flatnonzero(given)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(
            f"neurons must be indices or a mask ({n},) of bool, got {given.dtype} of "
            f"shape {given.shape}"
        )
    if given.size == 0:
        raise ValueError("neurons must have at least one neuron, got none")
    if given.min() < 0 or given.max() >= n or len(np.unique(given)) < len(given):
        raise ValueError(f"neurons must be different indices from 0 to {n - 1}")
    return given.astype(np.int64)


def _are_texts(values: ArrayLike) -> bool:
    given = np.asarray(values).ravel().tolist()
    return bool(given) and all(isinstance(value, str) for value in given)


def _as_list(values: object) -> list[object]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values]
    return list(values)


def _listed(values: object) -> str:
    return ", ".join(map(str, _as_list(values)))
