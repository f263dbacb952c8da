"""Labels: the module of each neuron, in any of the forms in which people have them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from commstruct.checks import shortened
from commstruct.connectome import as_connectome, check_labels, is_a
from commstruct.names import kinds_in
from commstruct.vocabulary import IntVector

# Neurons that an error message lists by name.
MOST_LISTED = 5


class HasLabels(Protocol):
    """A result that holds labels, such as a `Partition`."""

    @property
    def labels(self) -> IntVector:
        """Module of each neuron."""


Labels: TypeAlias = (
    ArrayLike | HasLabels | Mapping[Any, Any] | Iterable[AbstractSet[Any]]
)


def as_labels(labels: Labels, network: Any) -> IntVector:
    """Return the module of each neuron of a network as an array of integers.

    Every function of this package that takes labels accepts what this one does.

    Parameters
    ----------
    labels : Partition, (n,) array, Series, mapping, list of sets, clustering, or str
        Modules are integers or text. An array has them in the order of the neurons. A
        Series or a mapping gives the module of each neuron by its name; it must have
        all neurons and may have others. Sets, or frozensets, hold the names of the
        neurons of one module each and must hold every neuron once. Names are compared
        as text; where they are not those of the network, the numbers ``0 .. n - 1``
        stand for the neurons in their order. A Series with this default index is taken
        in the order of the neurons. A `Partition` is matched by name if both it and the
        network have names, else by order. A
        clustering is a ``VertexClustering`` of igraph, a partition of leidenalg, a
        ``NodeClustering`` of cdlib without overlaps, or a property map of graph-tool.
        Text names an attribute of the neurons, such as ``"type"``.
    network : Connectome, anything `as_connectome` takes, or the number of neurons

    Returns
    -------
    (n,) array of int, ``0 .. k - 1``
        Labels that already are ``0 .. k - 1`` keep their numbers, as do sets; unused
        numbers are closed up, and text is numbered in alphabetical order.

    Raises
    ------
    ValueError
        If a neuron has no module or several, a set holds something else than neurons,
        modules are neither integers from 0 up nor text, or the neurons have no
        attribute of that name.

    See Also
    --------
    as_connectome : Makes a network from any representation of one.
    find_modules : Finds modules.

    Examples
    --------
    >>> import commstruct as cs
    >>> network = cs.as_connectome(
    ...     [[0, 1, 0], [1, 0, 1], [0, 1, 0]], names=["AVA", "AVB", "DA1"]
    ... )
    >>> cs.as_labels({"DA1": "motor", "AVA": "inter", "AVB": "inter"}, network)
    array([0, 0, 1])
    >>> cs.as_labels([{"DA1"}, {"AVA", "AVB"}], network)
    array([1, 1, 0])
    """
    if isinstance(labels, str):
        return _labels_by_attribute(labels, network)
    keys, values, is_exact = _keys_and_values(labels)
    if isinstance(network, int | np.integer):
        n, names, has_names = int(network), None, False
    else:
        connectome = as_connectome(network)
        n, names = connectome.n_neurons, connectome.names
        has_names = connectome.has_names
    if keys is None:
        if is_a(labels, "pandas", "Series") and has_names and names is not None:
            _refuse_two_readings(names)
        return check_labels(values, n)
    if is_a_result(labels) and not has_names:
        return check_labels(values, n)
    wanted = tuple(map(str, range(n))) if names is None else names
    return check_labels(_placed(keys, values, wanted, is_exact=is_exact), n)


def _labels_by_attribute(name: str, network: Any) -> IntVector:
    """Values of an attribute of the neurons as modules; missing ones are one module."""
    known: Any = {}
    if not isinstance(network, int | np.integer):
        connectome = as_connectome(network)
        known = {str(column): column for column in connectome.attributes}
    if name not in known:
        listed = _listed(list(known)) if known else "none"
        raise ValueError(
            f"labels must be of the neurons, or name an attribute that they have "
            f"({listed}), got {shortened(name)}"
        )
    kinds = kinds_in(connectome.attributes[known[name]])
    return check_labels(np.array(kinds), connectome.n_neurons)


def aligned_labels(*partitions: Labels) -> list[IntVector]:
    """Labels of the same neurons in the same order, of several partitions of them.

    Neurons are matched by name where partitions have names, as by `as_labels`.

    Raises
    ------
    ValueError
        If there is no neuron; if a neuron is missing from a partition; or if some
        partitions have names in no order and others have an order and no names.
    """
    if named := [labels for labels in partitions if isinstance(labels, str)]:
        raise ValueError(
            f"labels must be of the neurons, as there is no network with attributes "
            f"here, got {shortened(named[0])}"
        )
    partitions = tuple(map(_of_other_libraries, partitions))
    forms = [_keys_and_values(labels) for labels in partitions]
    names = _shared_names(partitions, forms)
    if not names:
        raise ValueError("labels must be of at least one neuron, got none")
    return [
        check_labels(
            values if keys is None else _placed(keys, values, names, is_exact=True),
            len(names),
        )
        for keys, values, _ in forms
    ]


def _shared_names(
    partitions: Sequence[Labels], forms: Sequence["_Form"]
) -> Sequence[str]:
    """Names of the neurons of several partitions, in the order of the first with one.

    Names of a result or of a table are in the order of the neurons, as are numbers;
    those of a mapping or of sets need not be.
    """
    numbered: Sequence[str] | None = None
    unordered: Sequence[str] | None = None
    for labels, (keys, values, _) in zip(partitions, forms, strict=True):
        numbers = tuple(map(str, range(np.size(values) if keys is None else len(keys))))
        names = numbers if keys is None else tuple(map(str, keys))
        if set(names) == set(numbers):
            numbered = numbers if numbered is None else numbered
        elif is_a_result(labels) or is_a(labels, "pandas", "Series"):
            return names
        elif unordered is None:
            unordered = names if isinstance(labels, Mapping) else sorted(names)
    if numbered is not None and unordered is not None:
        raise ValueError(
            "labels must all be by the names of the neurons or all in their order, "
            "got some of either kind"
        )
    return numbered or unordered or ()


def is_a_result(labels: Any) -> bool:
    """Whether labels are given as a result that holds them, such as a `Partition`."""
    return hasattr(labels, "labels")


# Names of the neurons (None if there are none), modules, and whether all named must be
# neurons.
_Form: TypeAlias = tuple[Sequence[Any] | None, Any, bool]


def _keys_and_values(labels: Any) -> _Form:
    """Names (None if there are none) and modules, and whether all must be neurons."""
    labels = _of_other_libraries(labels)
    if is_a_result(labels):
        return getattr(labels, "names", None), labels.labels, False
    if is_a(labels, "pandas", "Series"):
        values = np.asarray(labels)
        is_default = labels.index.equals(type(labels)(values).index)
        return None if is_default else tuple(labels.index), values, False
    if isinstance(labels, Mapping):
        return tuple(labels), tuple(labels.values()), False
    if isinstance(labels, Iterator):
        labels = tuple(labels)
    if (
        isinstance(labels, Collection)
        and len(labels)
        and all(isinstance(module, AbstractSet) for module in labels)
    ):
        pairs = [(key, i) for i, module in enumerate(labels) for key in module]
        return [key for key, _ in pairs], [i for _, i in pairs], True
    return None, labels, False


def _of_other_libraries(labels: Any) -> Any:
    """Modules found by another library, as an array, a mapping or sets.

    Recognised by what their classes are documented to have, so that no library needs
    to be installed.
    """
    graph: Any = getattr(labels, "graph", None)
    membership: Any = getattr(labels, "membership", None)
    if membership is not None and hasattr(graph, "vs"):  # igraph, leidenalg
        if "name" in graph.vs.attributes():
            return dict(zip(graph.vs["name"], membership, strict=True))
        return np.asarray(membership)
    if hasattr(labels, "communities") and hasattr(labels, "graph"):  # cdlib
        return [set(community) for community in labels.communities]
    if hasattr(labels, "get_array") and hasattr(labels, "value_type"):  # graph-tool
        return np.asarray(labels.get_array())
    return labels


def _placed(
    keys: Sequence[Any], values: Any, names: Sequence[str], *, is_exact: bool
) -> Any:
    """Modules in the order of the neurons, from the modules by name."""
    given = [str(key) for key in keys]
    if not set(names) <= set(given):
        numbers = [str(number) for number in range(len(names))]
        if set(given) == set(numbers):
            names = numbers
    by_name = dict(zip(given, values, strict=True))
    missing = [name for name in names if name not in by_name]
    if missing:
        raise ValueError(
            f"labels must have a module for every neuron, got none for "
            f"{_listed(missing)}; they have {_listed(given)}"
        )
    if len(by_name) < len(given):
        repeated = [name for name, count in Counter(given).items() if count > 1]
        raise ValueError(
            f"labels must have one module per neuron, got several for "
            f"{_listed(repeated)}"
        )
    if is_exact and len(by_name) > len(names):
        unknown = [name for name in given if name not in set(names)]
        raise ValueError(f"labels must be of the neurons, got {_listed(unknown)}")
    return _uniform([by_name[name] for name in names], names)


def _uniform(values: list[Any], names: Sequence[str]) -> Any:
    """Modules as an array of integers or of text, not of both."""
    import pandas as pd

    undefined = [
        name for name, value in zip(names, values, strict=True) if pd.isna(value)
    ]
    if undefined:
        raise ValueError(
            f"labels must have a module for every neuron, got a missing value for "
            f"{_listed(undefined)}"
        )
    types = {type(value).__name__ for value in values}
    if len(types) > 1:
        raise ValueError(
            f"labels must be integers or text, got {' and '.join(sorted(types))}"
        )
    return np.array(values)


def _refuse_two_readings(names: Sequence[str]) -> None:
    """Refuse a Series by number where numbers are the names of other neurons."""
    if set(names) == set(map(str, range(len(names)))):
        raise ValueError(
            "labels must not be a Series with the index 0 .. n - 1 where the neurons "
            "have these numbers as names, in another order, got one: give an array in "
            "the order of the neurons, or a dict by name"
        )


def _listed(names: Sequence[str]) -> str:
    """The first names for a message, and how many more there are."""
    listed = ", ".join(shortened(name) for name in names[:MOST_LISTED])
    more = len(names) - MOST_LISTED
    return f"{listed} and {more} more" if more > 0 else listed
