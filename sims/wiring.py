"""Wirings: which synapses exist by distance, or as in a connectome."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.spatial.distance import cdist

from sims.activation import Activation
from sims.network import Network, all_to_all, as_mask


def distance_mask(
    positions: ArrayLike, *, length: float, density: float, seed: int = 0
) -> NDArray[np.bool_]:
    """Draw a mask in which near neurons are connected more often than far ones.

    A synapse from i onto j exists with probability ``min(1, s * exp(-d_ij / length))``,
    the exponential distance rule (Ercsey-Ravasz et al. 2013,
    doi:10.1016/j.neuron.2013.07.036), independently of all others. The factor s is
    chosen so that the expected share of the ordered pairs of different neurons is
    `density`.

    Parameters
    ----------
    positions : (n, d) array
        Coordinates of the neurons in d dimensions, in the unit of `length`.
    length : float
        Distance over which the probability falls to 1 / e.
    density : float, above 0 to 1
    seed : int

    Returns
    -------
    (n, n) array of bool
        ``mask[pre, post]``, false on the diagonal.

    Raises
    ------
    ValueError
        If positions are not finite rows of at least two neurons, or a number is out of
        range.

    See Also
    --------
    all_to_all : Takes it as its `mask`.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> positions = np.random.default_rng(0).random((50, 3))
    >>> mask = sims.distance_mask(positions, length=0.2, density=0.1)
    >>> network = sims.all_to_all(50, n_inputs=4, n_outputs=2, mask=mask)
    """
    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 2 or len(positions) < 2 or not np.isfinite(positions).all():
        raise ValueError(
            "positions must be finite, (n, d) with at least two neurons, "
            f"got shape {positions.shape}"
        )
    if not (np.isfinite(length) and length > 0):
        raise ValueError(f"length must be finite and positive, got {length}")
    if not 0 < density <= 1:
        raise ValueError(f"density must be above 0 and at most 1, got {density}")
    # From the nearest pair, whose probability without the factor is then 1.
    distances = cdist(positions, positions)
    different = ~np.eye(len(positions), dtype=bool)
    distances -= distances[different].min()
    logarithms = -distances / length
    # log s: the factor is at least the density, and at most what makes all certain
    low, high = np.log(density), -logarithms[different].min()
    for _ in range(100):  # halved until it is exact to rounding
        middle = (low + high) / 2
        chance = np.exp(np.minimum(logarithms[different] + middle, 0)).mean()
        low, high = (middle, high) if chance < density else (low, middle)
    chances = np.exp(np.minimum(logarithms + high, 0))
    rng = np.random.default_rng(seed)
    return np.asarray((rng.random(chances.shape) < chances) & different)


def connectome_network(
    connectome: Any,
    *,
    inputs: Any,
    outputs: Any,
    gain: float = 0.1,
    activation: str | Activation = "sigmoid",
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    dale: bool | ArrayLike = False,
) -> tuple[Network, NDArray[np.int64]]:
    """Make a network whose synapses are those of a connectome.

    The weights of the connectome say only which synapses exist; the initial weights are
    random, as in `all_to_all`. Synapses onto inputs and from a neuron to itself are
    left out.

    Parameters
    ----------
    connectome : Connectome, or (n, n) array or scipy.sparse array
        ``weights[pre, post]``; synapses are the weights that are not 0.
    inputs, outputs : sequence of names, of int, or (n,) array of bool
        Neurons that are clamped to the stimulus and neurons whose rates are compared
        with the target, in the order of the columns of the task. Names are those of
        the connectome.
    gain, activation, seed, dtype
        As in `all_to_all`.
    dale : bool or (n,) array of 1 and -1
        As in `all_to_all`; signs are in the order of the connectome.

    Returns
    -------
    Network
        Its neurons are the inputs, all others in the order of the connectome, and the
        outputs.
    (n,) array of int
        Index in the connectome of every neuron of the network.

    Raises
    ------
    ValueError
        If a neuron is unknown or named twice, or an argument is not valid.

    See Also
    --------
    all_to_all : Takes a connectome of the same order as its `mask`.

    Examples
    --------
    Learn on the wiring of the left mushroom body of a larva, from its projection
    neurons to its output neurons:

    >>> import numpy as np
    >>> import commstruct
    >>> import sims
    >>> brain = commstruct.load_dataset("mushroom-body-left")
    >>> kinds = brain.attributes["class"].to_numpy()
    >>> network, order = sims.connectome_network(
    ...     brain, inputs=kinds == "P", outputs=kinds == "O"
    ... )
    >>> learned = np.zeros(brain.weights.shape)
    >>> learned[np.ix_(order, order)] = network.weights  # in the brain's own order
    >>> bool((learned[np.asarray(brain.weights) == 0] == 0).all())
    True
    """
    weights = getattr(connectome, "weights", connectome)
    n_neurons = np.shape(weights)[0]
    exists = as_mask(weights, n_neurons)
    names = getattr(connectome, "names", None)
    first = _indices(inputs, n_neurons, names, "inputs")
    last = _indices(outputs, n_neurons, names, "outputs")
    both = np.intersect1d(first, last)
    if both.size:
        raise ValueError(
            f"inputs and outputs must be different neurons, got {both.size} in both"
        )
    others = np.setdiff1d(np.arange(n_neurons), np.concatenate([first, last]))
    order = np.concatenate([first, others, last])
    if not isinstance(dale, bool | np.bool_):
        dale = np.asarray(dale)
        if dale.shape == (n_neurons,):  # another shape is refused below
            dale = dale[order]
    network = all_to_all(
        n_neurons,
        n_inputs=len(first),
        n_outputs=len(last),
        mask=exists[np.ix_(order, order)],
        gain=gain,
        activation=activation,
        seed=seed,
        dtype=dtype,
        dale=dale,
    )
    return network, order


def _indices(neurons: Any, n_neurons: int, names: Any, what: str) -> NDArray[np.int64]:
    """Indices of neurons that are given by name, by index or by a mask."""
    given = np.asarray(neurons)
    if given.dtype == bool:
        if given.shape != (n_neurons,):
            raise ValueError(
                f"{what} must have one value per neuron ({n_neurons},), "
                f"got shape {given.shape}"
            )
        return np.flatnonzero(given)
    if given.ndim != 1:
        raise ValueError(f"{what} must be a list of neurons, got shape {given.shape}")
    if given.dtype.kind in "iu":
        found = given.astype(np.int64)
    else:
        index = {str(name): i for i, name in enumerate([] if names is None else names)}
        unknown = [str(name) for name in given if str(name) not in index]
        if unknown:
            raise ValueError(
                f"{what} must be neurons of the connectome, got {unknown[0]!r}"
            )
        found = np.array([index[str(name)] for name in given], dtype=np.int64)
    if found.size and (found.min() < 0 or found.max() >= n_neurons):
        raise ValueError(
            f"{what} must be indices from 0 to {n_neurons - 1}, "
            f"got {found.min()} to {found.max()}"
        )
    if len(np.unique(found)) < len(found):
        raise ValueError(f"{what} must name every neuron once")
    return found
