"""Evidence that blocks have rates of their own, over the rates that are expected.

The connections of a block are binomial, and its rate has a beta prior: the uniform one,
or one whose mean is the expected rate and whose shape says how unequal blocks are. The
rate is integrated out. Compiled, as searches spend much of their time here.
"""

import math
from typing import Any

import numpy as np

from commstruct.compiled import compiled
from commstruct.vocabulary import FloatVector

# Shapes of the beta prior of a block's rate: the smaller, the more unequal are blocks.
# None is the uniform prior. The likeliest is taken.
SHAPES = (None, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
UNIFORM = -1.0  # for None where loops are compiled
# Expected rates are between this and 1 less this.
LEAST_RATE = 1e-12
# From here on, the logarithm of the gamma function is Stirling's series to rounding.
STIRLING = 16.0

_SHAPES = np.array([UNIFORM if shape is None else shape for shape in SHAPES])


def tilt(counts: Any, pairs: Any, chance: Any, shape: float | None) -> Any:
    """Log evidence of the connections of blocks, over that of their expectation.

    Parameters
    ----------
    counts, pairs : arrays, connections that exist and that may exist
    chance : array, connections that are expected
    shape : float, or None for the uniform prior

    Returns
    -------
    Array of the same shape, 0 where nothing may exist.
    """
    counts, pairs, chance = np.broadcast_arrays(counts, pairs, chance)
    values = np.empty(counts.shape)
    _tilts(
        *(np.ascontiguousarray(v, np.float64).ravel() for v in (counts, pairs, chance)),
        UNIFORM if shape is None else shape,
        values.reshape(-1),
    )
    return values


def best_tilt(
    counts: FloatVector, pairs: FloatVector, chance: FloatVector
) -> tuple[float, float | None]:
    """Largest log evidence over the shapes of the prior, and its shape."""
    gains = _summed_tilts(counts, pairs, chance, _SHAPES)
    best = int(np.argmax(gains))
    return float(gains[best]), SHAPES[best]


@compiled
def _summed_tilts(counts, pairs, chance, shapes):  # type: ignore[no-untyped-def]
    """Sum over the blocks for every shape."""
    gains = np.zeros(len(shapes))
    for i in range(len(counts)):
        for s in range(len(shapes)):
            gains[s] += _tilt(counts[i], pairs[i], chance[i], shapes[s])
    return gains


@compiled
def _tilts(counts, pairs, chance, shape, values):  # type: ignore[no-untyped-def]
    for i in range(len(counts)):
        values[i] = _tilt(counts[i], pairs[i], chance[i], shape)


@compiled
def _tilt(count, pairs, chance, shape):  # type: ignore[no-untyped-def]
    """Log evidence of one block."""
    if pairs <= 0.0:
        return 0.0
    rate = min(max(chance / pairs, LEAST_RATE), 1.0 - LEAST_RATE)
    misses = max(pairs - count, 0.0)
    a = b = 1.0
    if shape != UNIFORM:
        a, b = shape, shape * (1.0 - rate) / rate
    gain = _rise(a, count) + _rise(b, misses) - _rise(a + b, pairs)
    if count > 0.0:
        gain -= count * math.log(rate)
    return gain - misses * math.log1p(-rate)


@compiled
def _rise(x, step):  # type: ignore[no-untyped-def]
    """Log of Gamma(x + step) / Gamma(x), without the rounding of large logarithms."""
    if step == 0.0:
        return 0.0
    end = x + step
    if x < STIRLING:
        return math.lgamma(end) - math.lgamma(x)
    series = _series(end) - _series(x)
    return (end - 0.5) * math.log1p(step / x) + step * (math.log(x) - 1.0) + series


@compiled
def _series(x):  # type: ignore[no-untyped-def]
    """Terms of Stirling's series that vanish for large numbers (DLMF 5.11.1)."""
    square = 1.0 / (x * x)
    return (1.0 / 12 - square * (1.0 / 360 - square / 1260)) / x
