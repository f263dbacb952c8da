"""Balance functions that differ from the slope of the rate, in several ways."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from commstruct.vocabulary import FloatArray
from sims.activation import Array, as_activation

MISMATCHES: dict[str, tuple[float | str, ...]] = {
    "scaled": (0.25, 0.5, 2.0, 4.0),
    "shifted": (0.25, 0.5, 1.0, 2.0),
    "widened": (0.5, 2.0, 4.0),
    "piecewise linear": (5, 3),
    "of another activation": ("softplus", "sigmoid", "relu"),
    "noisy neurons": (0.3, 1.0),
    "noisy moments": (0.3, 1.0),
    "constant": (1.0,),
    "hidden neurons silent": (0.0,),
}
"""Kinds of mismatch and their levels, from slight to severe; see `mismatched`."""


def mismatched(
    kind: str,
    level: float | str,
    *,
    activation: str,
    n_free: int,
    n_outputs: int,
    seed: int = 0,
) -> Callable[[Array], Array]:
    """A balance function that differs from the slope f' of an activation.

    Parameters
    ----------
    kind : str
        "scaled": ``level * f'(h)``; "shifted": ``f'(h - level)``; "widened":
        ``f'(h / level)``; "piecewise linear": f' at `level` points from -4 to 4,
        straight lines between; "of another activation": f' of the one named `level`;
        "noisy neurons": f' times a factor per neuron, log-normal with sd `level`;
        "noisy moments": f' times ``1 + level * normal``, drawn for every moment;
        "constant": `level`; "hidden neurons silent": f' at the outputs, times `level`
        elsewhere.
    level : float or str
    activation : str
        Whose slope f' is meant.
    n_free, n_outputs : int
        Neurons that are not inputs, and the last of them, which are outputs.
    seed : int
        Of the noise.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    slope = as_activation(activation).balance
    if kind == "of another activation":
        return as_activation(str(level)).balance
    size = float(level)
    rng = np.random.default_rng(seed)
    if kind == "scaled":
        return lambda h: size * slope(h)
    if kind == "shifted":
        return lambda h: slope(h - size)
    if kind == "widened":
        return lambda h: slope(h / size)
    if kind == "piecewise linear":
        points = np.linspace(-4, 4, int(size))
        values = slope(points)
        return lambda h: np.interp(h, points, values).astype(h.dtype)
    if kind == "noisy neurons":
        factors = np.exp(rng.normal(scale=size, size=n_free))
        return lambda h: slope(h) * _of_each_neuron(factors, h)
    if kind == "noisy moments":
        return _MomentaryNoise(slope, size, rng)
    if kind == "constant":
        return lambda h: np.full_like(h, size)
    if kind == "hidden neurons silent":
        answering = np.arange(n_free) >= n_free - n_outputs
        return lambda h: slope(h) * _of_each_neuron(np.where(answering, 1.0, size), h)
    raise ValueError(f"kind must be one of {', '.join(MISMATCHES)}, got {kind!r}")


class _MomentaryNoise:
    """A balance function with noise that is drawn once for each moment.

    Credit and plasticity of one moment have the same noise.
    """

    def __init__(
        self, slope: Callable[[Array], Array], size: float, rng: np.random.Generator
    ) -> None:
        self._slope, self._size, self._rng = slope, size, rng
        self._moment = self._balance = np.empty(0)

    def __call__(self, net_input: Array) -> Array:
        if not np.array_equal(net_input, self._moment):
            noise = self._size * self._rng.normal(size=net_input.shape)
            self._moment = np.array(net_input)  # the caller may overwrite its own
            self._balance = self._slope(net_input) * (1 + noise.astype(net_input.dtype))
        return self._balance


def _of_each_neuron(factors: FloatArray, net_input: Array) -> Array:
    """Factors of the free neurons, laid out as their net input is; 1 for the inputs.

    The net input is (batch, n), or that of the free neurons alone, in either order.
    """
    of_all = np.ones(net_input.shape[1], dtype=net_input.dtype)
    if net_input.shape[0] == len(factors) != net_input.shape[1]:
        return factors.astype(net_input.dtype)[:, None]
    of_all[len(of_all) - len(factors) :] = factors
    return of_all


def called(record: Mapping[str, Any]) -> str:
    """A condition in words."""
    kind, level = record["kind"], record["level"]
    if kind == "of another activation":
        return f"that of {level}"
    if kind == "constant":
        return "a constant one"
    words = {
        "scaled": f"one scaled by {level:g}",
        "shifted": f"one shifted by {level:g}",
        "widened": f"one widened by {level:g}",
        "piecewise linear": f"one of straight lines through {level:g} points",
        "noisy neurons": f"one with a noise of {level:g} from neuron to neuron",
        "noisy moments": f"one with a noise of {level:g} from moment to moment",
    }
    return words[kind]
