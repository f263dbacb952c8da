"""Networks: weights[pre, post] with the names and attributes of the neurons."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from commstruct.checks import check_choice, check_finite
from commstruct.operations import Weights as Weights
from commstruct.operations import (
    block_sums,
    collapse_scale,
    fisher_transformed,
    read_only_weights,
    scale_of,
    scaled,
    symmetric_mean,
    thresholded,
)
from commstruct.operations import read_only as read_only
from commstruct.sources import columns_by_rows, name_texts, parts, two_of
from commstruct.sources import is_a as is_a
from commstruct.sources import is_simulated as is_simulated
from commstruct.sources import kinds_in as kinds_in
from commstruct.symmetry import is_symmetric, without_rounding
from commstruct.symmetry import weight_unit as weight_unit
from commstruct.vocabulary import DENSE_READ, ORIENTATIONS, BoolMatrix, IntVector

if TYPE_CHECKING:  # loaded only by those who use them: they take most of a second
    import igraph
    import networkx as nx
    import pandas as pd


MISSING = ("error", "drop", "mask")


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
        return replace(self, weights=weights, notes=(*self.notes, note))

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


def as_connectome(
    network: Any,
    *,
    names: Iterable[object] | None = None,
    attributes: pd.DataFrame | Mapping[str, Sequence[object]] | None = None,
    possible: ArrayLike | None = None,
    orientation: str = "pre-post",
    missing: str = "error",
) -> Connectome:
    """Make a checked `Connectome` from any network; the input is never changed.

    Parameters
    ----------
    network : Connectome, array, table, graph, sims.Network, or a mapping of such
        An array, a scipy.sparse array or matrix, a pandas.DataFrame, a networkx or
        igraph graph, a two-dimensional xarray.DataArray, a sims.Network or sims.Run.
        Weights ``[pre, post]``. A mapping has the layers of one network, on the same
        neurons in the same order; its weights are their sum. Edges of a graph without a
        ``weight`` have weight 1, parallel edges are summed, an undirected edge counts
        in both directions, and a self-connection of weight w is w on the diagonal, as
        in ``networkx.to_numpy_array``: one synapse, which its neuron sends once and
        receives once (docs/scores.md: self-connections). The columns of a table or an
        xarray are put into the order of its rows, by their names as text; numbered
        rows take the names of the columns. An xarray whose dimensions are named
        ``post, pre`` is transposed. A table with columns such as source, target and
        weight is a list of directed edges, those of one pair summed. Weights that
        differ from their transpose by at most 1e-6 of the largest are taken as
        undirected and made symmetric, unless all are integers, and `Connectome.notes`
        says so. A simulated network has the ``role`` of its neurons as an attribute and
        its mask as `possible`; of a run it is the trained network. A `Connectome` is
        returned as it is unless another argument changes it.
    names : iterable, optional
        Name of each neuron, converted to text; whole floats as the integers that they
        stand for. Default: the names in the network, else ``"0"`` to ``"n - 1"``.
    attributes : table with n rows, or a mapping of columns, optional
        In the order of the neurons, or indexed by their names. Default: the attributes
        of the network's nodes, or its coordinates.
    possible : (n, n) array of bool, optional
        Which synapses may exist, laid out as `network` is. The rows and columns of a
        table are matched to the names of the neurons.
    orientation : {"pre-post", "post-pre"}
        ``"post-pre"`` means that columns drive rows; the weights are transposed.
    missing : {"error", "drop", "mask"}
        What to do with weights that are NaN, of dense arrays and tables. ``"drop"``:
        leave out the neurons whose row or column has no number, and refuse what is
        missing besides. ``"mask"``: take these synapses as not possible, with weight 0.
        A diagonal of NaN becomes 0 with both. Said in `Connectome.notes`.

    Returns
    -------
    Connectome

    Raises
    ------
    TypeError
        If `network` is of an unsupported type.
    ValueError
        If the weights are not square, not real and finite, or contradict `possible`;
        if names are repeated, missing, or integers that a float cannot hold; if rows
        and columns have other names; or if an argument has the wrong length.

    Warns
    -----
    UserWarning
        If the weights differ from their transpose by more than rounding, but by at
        most 1 % of the largest.

    See Also
    --------
    read_connectome : Read a connectome from a file.
    load_dataset : Load a connectome that ships with commstruct.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> weights = np.array([[0.0, 3.0], [1.0, 0.0]])
    >>> cs.as_connectome(weights, names=["a", "b"])
    <Connectome: 2 neurons, 2 edges, dense, non-negative, directed>

    A matrix whose columns drive its rows is transposed:

    >>> int(cs.as_connectome(weights, orientation="post-pre").weights[0, 1])
    1

    Graphs keep the names and attributes of their nodes:

    >>> import networkx as nx
    >>> cs.as_connectome(nx.path_graph(["x", "y", "z"])).names
    ('x', 'y', 'z')

    Asymmetry that is rounding is removed:

    >>> cs.as_connectome([[0, 0.3], [0.3 + 1e-8, 0]]).is_directed
    False
    """
    check_choice("orientation", orientation, ORIENTATIONS)
    check_choice("missing", missing, MISSING)
    unknown: BoolMatrix | None = None
    if isinstance(network, Connectome):
        if orientation == "post-pre":
            raise ValueError(
                "orientation must be 'pre-post' for a Connectome, whose weights are "
                "[pre, post] already, got 'post-pre'"
            )
        if names is None and attributes is None and possible is None:
            return network  # with what it has cached, such as `is_directed`
        weights: Weights = network.weights
        own_names: Iterable[object] | None = network.names
        own_attributes: Any = network.attributes
        possible = network.possible if possible is None else possible
        orientation = network.orientation
        notes, layers = network.notes, network.layers
        transposed = False
    else:
        layers = {}
        if isinstance(network, Mapping) and network:
            network, names, layers = _sum_of_layers(network, names, orientation)
        if is_simulated(getattr(network, "network", None)):
            network = network.network  # of a run
        matrix, own_names, own_attributes = parts(network)
        if possible is None and is_simulated(network):
            possible = network.to(np).mask
        if missing != "error":
            matrix, unknown = without_nan(matrix)
        weights, notes = without_rounding(_checked_weights(matrix))
        transposed = orientation == "post-pre"
        if transposed:
            weights = read_only_weights(weights.T)
            unknown = None if unknown is None else unknown.T
    n = int(weights.shape[0])
    checked_names = _checked_names(own_names if names is None else names, n)
    mask = None
    if possible is not None:
        mask = _checked_possible(possible, checked_names, transposed)
    if mask is not None:
        _refuse_impossible(weights, mask)
    connectome = Connectome(
        weights=weights,
        names=checked_names,
        attributes=_checked_attributes(
            own_attributes if attributes is None else attributes, checked_names
        ),
        possible=mask,
        orientation=orientation,
        notes=notes,
        layers=layers,
    )
    return settle_missing(connectome, unknown, missing)


def settle_missing(
    connectome: Connectome, unknown: BoolMatrix | None, missing: str
) -> Connectome:
    """Drop or mask what `without_nan` found unknown, laid out as the connectome.

    Examples
    --------
    >>> import numpy as np
    >>> import commstruct as cs
    >>> from commstruct.connectome import settle_missing
    >>> pair = cs.as_connectome([[0, 1], [0, 0]])
    >>> settle_missing(pair, np.array([[False, False], [True, False]]), "mask").notes
    ('1 weights are missing, taken as not possible',)
    """
    if unknown is None:
        return connectome
    if missing == "mask":
        return _masked(connectome, unknown)
    return _dropped(connectome, unknown)


def without_nan(matrix: Any) -> tuple[Any, BoolMatrix | None]:
    """Replace NaN by 0; return where it was, or None if nowhere off the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from commstruct.connectome import without_nan
    >>> weights, unknown = without_nan(np.array([[np.nan, 1.0], [np.nan, 0.0]]))
    >>> weights.tolist(), unknown.tolist()
    ([[0.0, 1.0], [0.0, 0.0]], [[False, False], [True, False]])
    """
    square = isinstance(matrix, np.ndarray) and matrix.ndim == 2
    if not square or matrix.dtype.kind != "f" or matrix.shape[0] != matrix.shape[1]:
        return matrix, None
    unknown: BoolMatrix = np.isnan(matrix)
    filled = np.where(unknown, 0.0, matrix)
    np.fill_diagonal(unknown, False)
    return filled, unknown if unknown.any() else None


def _masked(connectome: Connectome, unknown: BoolMatrix) -> Connectome:
    """Take unknown weights as synapses that are not possible."""
    possible = connectome.possible
    if possible is None:
        possible = ~np.eye(connectome.n_neurons, dtype=bool)
    note = f"{int(unknown.sum())} weights are missing, taken as not possible"
    return replace(
        connectome,
        possible=read_only(possible & ~unknown),
        notes=(*connectome.notes, note),
    )


def _dropped(connectome: Connectome, unknown: BoolMatrix) -> Connectome:
    """Leave out neurons whose row or column is unknown; refuse what is left unknown."""
    n_others = connectome.n_neurons - 1
    without = (unknown.sum(axis=0) == n_others) | (unknown.sum(axis=1) == n_others)
    left = int(unknown[np.ix_(~without, ~without)].sum())
    if left or without.all():
        raise ValueError(
            f"weights must be missing in whole rows or columns to be dropped, got "
            f"{left or int(unknown.sum())} NaN besides; use missing='mask'"
        )
    names = [
        name for name, is_out in zip(connectome.names, without, strict=True) if is_out
    ]
    note = f"{len(names)} neurons without weights (NaN) were left out: {two_of(names)}"
    kept = connectome.subset(~without)
    return replace(kept, notes=(*connectome.notes, note))


def _sum_of_layers(
    given: Mapping[str, Any], names: Iterable[object] | None, orientation: str
) -> tuple[Any, tuple[str, ...], Mapping[str, sparse.csr_array]]:
    """Sum, names and weights of the layers of a network."""
    own = None if names is None else name_texts(names)
    layers = {
        str(key): as_connectome(layer, names=own, orientation=orientation)
        for key, layer in given.items()
    }
    first = next(iter(layers.values()))
    for key, layer in layers.items():
        if layer.names != first.names:
            raise ValueError(
                "layers must have the same neurons in the same order, got others in "
                f"{key!r}"
            )
    matrices = {key: read_only_weights(one.to_scipy()) for key, one in layers.items()}
    total: Any = sum(matrices.values())
    if not all(layer.is_sparse for layer in layers.values()):
        total = total.toarray()
    return (total.T if orientation == "post-pre" else total), first.names, matrices


def _are_texts(values: ArrayLike) -> bool:
    given = np.asarray(values).ravel().tolist()
    return bool(given) and all(isinstance(value, str) for value in given)


def _as_list(values: object) -> list[object]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values]
    return list(values)


def _listed(values: object) -> str:
    return ", ".join(map(str, _as_list(values)))


def check_labels(labels: ArrayLike, n_neurons: int) -> IntVector:
    """Return labels as integers ``0 .. k - 1``, ranked among the distinct labels.

    Labels that already are ``0 .. k - 1`` keep their numbers, unused numbers are
    closed up, and text is numbered in alphabetical order.

    Raises
    ------
    ValueError
        If there is not exactly one label per neuron, or if the labels are neither text
        nor non-negative integers.
    """
    given = np.asarray(labels)
    if given.shape != (n_neurons,):
        raise ValueError(
            f"labels must be one module per neuron ({n_neurons},), got shape "
            f"{given.shape}"
        )
    if given.dtype.kind == "O" and all(isinstance(label, str) for label in given):
        given = given.astype(str)
    if given.dtype.kind == "O" and all(isinstance(x, int | np.integer) for x in given):
        given = np.array(given.tolist())
    if given.dtype.kind not in "iubU":
        remedy = ""
        if given.dtype.kind == "f" and np.isnan(given).any():
            remedy = f", {int(np.isnan(given).sum())} of them NaN"
        elif given.dtype.kind == "f":
            remedy = "; use labels.astype(int) if all are whole numbers"
        raise ValueError(
            f"labels must be integers or text, got dtype {given.dtype}{remedy}"
        )
    if given.dtype.kind == "i" and given.size and given.min() < 0:
        raise ValueError(f"labels must be 0 or larger, got {given.min()}")
    if given.dtype.kind in "iu" and given.size and given.max() < given.size:
        return gaps_closed(given.astype(np.int64))
    ranks: IntVector = np.unique(given, return_inverse=True)[1].astype(np.int64)
    return ranks


def gaps_closed(labels: IntVector) -> IntVector:
    """Renumber labels ``0 .. k - 1`` in the same order, skipping unused numbers."""
    present = np.bincount(labels) > 0
    if present.all():
        return labels
    ranks: IntVector = np.cumsum(present) - 1
    return ranks[labels]


def canonical_labels(labels: ArrayLike) -> IntVector:
    """Renumber labels ``0 .. k - 1`` from the largest module to the smallest.

    Modules of equal size are in the order of their first neurons. The result is
    read-only.
    """
    ranks = check_labels(labels, len(np.asarray(labels)))
    sizes = np.bincount(ranks)
    first = np.empty(len(sizes), dtype=np.int64)
    # Assigned from the last neuron to the first, so that the first neuron of each
    # module is the value that remains.
    first[ranks[::-1]] = np.arange(len(ranks))[::-1]
    rank_by_size = np.empty(len(sizes), dtype=np.int64)
    rank_by_size[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return read_only(rank_by_size[ranks])


def _checked_weights(matrix: Any) -> Weights:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        remedy = ""
        if matrix.ndim == 2 and matrix.shape[1] in (2, 3):
            remedy = "; use from_edges for a list of edges"
        raise ValueError(
            f"weights must be square (n, n), got shape {matrix.shape}{remedy}"
        )
    if matrix.shape[0] == 0:
        raise ValueError("weights must have at least one neuron, got shape (0, 0)")
    if matrix.dtype.kind not in "fiub":
        raise ValueError(f"weights must be real numbers, got dtype {matrix.dtype}")
    weights = read_only_weights(matrix)
    values = weights if isinstance(weights, np.ndarray) else weights.data
    n_missing = int(np.isnan(values).sum())
    remedy = "; missing='drop' or 'mask' reads them" if n_missing else ""
    try:
        check_finite("weights", values)
    except ValueError as error:
        raise ValueError(f"{error}{remedy}") from None
    limit = sys.float_info.max / max(values.size, 1)
    if values.size and max(values.max(), -values.min()) > limit:
        raise ValueError(
            f"weights must be at most {limit:.3g} in size, for their sum to be finite, "
            f"got {max(values.max(), -values.min()):.3g}; give them in another unit"
        )
    return weights


def _checked_names(names: Iterable[object] | None, n: int) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, range(n)))
    checked = tuple(name_texts(names))
    if len(checked) != n:
        raise ValueError(f"names must be one per neuron ({n}), got {len(checked)}")
    if len(set(checked)) < n:
        repeated = next(name for name, count in Counter(checked).items() if count > 1)
        raise ValueError(f"names must be all different, got {repeated!r} twice")
    return checked


def _checked_attributes(attributes: Any, names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    if attributes is None:
        return pd.DataFrame(index=pd.RangeIndex(len(names)))
    table = pd.DataFrame(attributes)
    if not isinstance(table.index, pd.RangeIndex):
        table = table.set_axis(name_texts(table.index))
        if table.index.has_duplicates:
            repeated = table.index[table.index.duplicated()][0]
            raise ValueError(
                f"attributes must have each neuron once, got {repeated!r} twice"
            )
        missing = [name for name in names if name not in table.index]
        if missing:
            raise ValueError(
                f"attributes must have a row for each name, got none for {missing[0]!r}"
            )
        table = table.loc[list(names)]
    if len(table) != len(names):
        raise ValueError(
            f"attributes must have one row per neuron ({len(names)}), got {len(table)}"
        )
    return table.reset_index(drop=True)


def _checked_possible(
    possible: ArrayLike, names: tuple[str, ...], transposed: bool
) -> BoolMatrix:
    n = len(names)
    if is_a(possible, "pandas", "DataFrame"):
        possible = _possible_of_table(cast("pd.DataFrame", possible), names)
    mask = np.asarray(possible)
    if mask.shape != (n, n) or mask.dtype != np.bool_:
        raise ValueError(
            f"possible must be bool of shape ({n}, {n}), got {mask.dtype} of shape "
            f"{mask.shape}"
        )
    return read_only((mask.T if transposed else mask).copy())


def _possible_of_table(table: pd.DataFrame, names: tuple[str, ...]) -> NDArray[Any]:
    """Values of a table in the order of the neurons, unless it is merely numbered."""
    rows, columns = name_texts(table.index), name_texts(table.columns)
    numbered = list(map(str, range(len(names))))
    if rows == columns == numbered:
        return np.asarray(table)
    by_row = columns_by_rows(names, rows, "possible and the network")
    by_column = columns_by_rows(names, columns, "possible and the network")
    return np.asarray(table.iloc[by_row, by_column])


def _refuse_impossible(weights: Weights, possible: BoolMatrix) -> None:
    rows, columns = weights.nonzero()
    wrong = ~possible[rows, columns] & (rows != columns)
    if wrong.any():
        raise ValueError(
            "weights must be 0 where possible is False, got "
            f"{int(wrong.sum())} non-zero"
        )


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
