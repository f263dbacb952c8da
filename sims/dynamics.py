"""Firing, credit and weights in continuous time, all at once: no phases, no resets."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from commstruct.result import Result
from commstruct.vocabulary import FloatArray
from sims.activation import Array
from sims.credit import CreditMode, check_credit_mode, parts_of_input
from sims.network import Network, is_of_parts

GROWTH = 1.3
"""Factor by which a time step may exceed the one before it. The larger it is, the fewer
steps a stimulus takes and the larger is the error; chosen by experience."""


@dataclass(frozen=True)
class TimeConstants:
    """Time constants of the three processes, in seconds.

    Attributes
    ----------
    firing : float
        Time constant of the rates, in the range of milliseconds.
    credit : float
        Time constant of the retrograde credit, in the range of seconds.
    weights : float
        Time constant of plasticity, in the range of minutes: the time in which a weight
        changes by the current `weight_change`. A stimulus of `dwell` seconds is a
        learning step of rate ``dwell / weights``.

    Raises
    ------
    ValueError
        If one is not a positive, finite number.

    See Also
    --------
    evolve : Integrates a network with these time constants.

    Examples
    --------
    >>> import sims
    >>> sims.TimeConstants(credit=0.5)
    TimeConstants(firing=0.01, credit=0.5, weights=60.0)
    """

    firing: float = 0.01
    credit: float = 1.0
    weights: float = 60.0

    def __post_init__(self) -> None:
        for name in ("firing", "credit", "weights"):
            seconds = getattr(self, name)
            if not (np.isfinite(seconds) and seconds > 0):
                raise ValueError(
                    f"{name} must be a positive number of seconds, got {seconds}"
                )


@dataclass(frozen=True, eq=False)
class Course(Result):
    """State of a network after a period of continuous learning.

    Attributes
    ----------
    network : Network
        With the weights (and biases) at the end, float64.
    rates, credit : (n,) arrays
        At the end; another course can continue from here.
    times : (m,) array
        Seconds since the start of this course, after each time step, first 0.
    rates_over_time, credit_over_time : (m, n) arrays or None
        After each time step; None unless they were recorded.

    See Also
    --------
    evolve : Makes a course, and can continue one.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([2, 1], seed=0, dtype="float64")
    >>> course = sims.evolve(
    ...     network,
    ...     stimuli=[[1.0, 0.0]],
    ...     targets=[[0.5]],
    ...     dwell=1.0,
    ...     constants=sims.TimeConstants(),
    ...     record=True,
    ... )
    >>> course.rates_over_time.shape == (len(course.times), 3)
    True
    """

    network: Network = field(repr=False)
    rates: FloatArray
    credit: FloatArray
    times: FloatArray
    rates_over_time: FloatArray | None
    credit_over_time: FloatArray | None

    def to_pandas(self) -> pd.DataFrame:
        """One row per neuron: its rate and its credit at the end."""
        return pd.DataFrame({"rate": self.rates, "credit": self.credit})


def evolve(
    start: Network | Course,
    stimuli: ArrayLike,
    targets: ArrayLike,
    *,
    dwell: float,
    constants: TimeConstants,
    credit_mode: CreditMode = "clamp",
    steps_per_constant: int = 8,
    record: bool = False,
) -> Course:
    """Integrate firing, credit and weights through a sequence of stimuli.

    For neurons i (pre) and j (post), with the symbols of `sims.credit`::

        firing * dx_j/dt = -x_j + f(h_j)
        credit * dc_i/dt = -c_i + sum_j W_ij b(h_j) c_j
        weights * dW_ij/dt = x_i b(h_j) c_j

    throughout, whether or not rates and credit have come to rest. Inputs hold the
    stimulus; the credit of the outputs is ``target - x`` or, with
    ``credit_mode="inject"``, receives it in addition. Nothing is reset when the
    stimulus changes.

    The equations are integrated by the exponential Euler method: each is solved exactly
    for a drive that is constant during the step. Steps are short after a stimulus
    changes and lengthen as the fast processes come to rest. Where a step is longer than
    the time constant of firing, the rates settle by plain iteration, which requires a
    network whose rates settle under it.

    Parameters
    ----------
    start : Network or Course
        A network of numpy arrays, whose neurons are silent at first; or the end of an
        earlier course, whose network, rates and credit continue. It is not changed.
    stimuli : (k, n_inputs) array
        Presented one after another.
    targets : (k, n_outputs) array
    dwell : float
        Seconds that each stimulus lasts.
    constants : TimeConstants
    credit_mode : {"clamp", "inject"}
    steps_per_constant : int
        The shortest step is the smaller time constant of firing and credit divided by
        this number; the longest is the larger of the two, the dwell time or the time
        constant of the weights, whichever is least, divided by it.
    record : bool
        Whether to keep rates and credit after every time step.

    Returns
    -------
    Course

    Raises
    ------
    ValueError
        If shapes do not fit the network, or a number is out of range.

    See Also
    --------
    train : The same rule in three phases: rates settle, then credit, then weights.
    TimeConstants : The time constants of the three processes.

    Examples
    --------
    >>> import sims
    >>> network = sims.layered([2, 3, 1], activation="tanh", seed=0, dtype="float64")
    >>> course = sims.evolve(
    ...     network, [[1.0, 0.0]], [[0.5]], dwell=2.0, constants=sims.TimeConstants()
    ... )
    >>> course.rates.shape, round(float(course.times[-1]), 6)
    ((6,), 2.0)
    >>> later = sims.evolve(  # where the first course ended
    ...     course, [[0.0, 1.0]], [[0.5]], dwell=2.0, constants=sims.TimeConstants()
    ... )
    """
    network = start if isinstance(start, Network) else start.network
    stimuli, targets = _checked(network, stimuli, targets, dwell, steps_per_constant)
    check_credit_mode(credit_mode, "credit_mode")
    steps = _time_steps(dwell, constants, steps_per_constant)
    n_inputs, n_hidden = network.n_inputs, network.n_hidden
    weights = network.weights[:, n_inputs:].astype(np.float64)
    allowed = np.asarray(network.mask[:, n_inputs:], dtype=np.float64)
    signs = None if network.signs is None else np.asarray(network.signs)[:, None]
    bias = None
    if network.bias is not None:
        bias = network.bias[n_inputs:].astype(np.float64)
    rate = network.activation.rate
    balance_of: Callable[..., Array] = network.balance or network.activation.balance
    of_parts = is_of_parts(balance_of)
    rates, credit = np.zeros(network.n_neurons), np.zeros(network.n_neurons)
    if isinstance(start, Course):
        rates, credit = start.rates.copy(), start.credit.copy()
    rates_of_free, credit_of_free = rates[n_inputs:], credit[n_inputs:]  # views
    listening = credit_of_free if credit_mode == "inject" else credit_of_free[:n_hidden]
    history: list[tuple[FloatArray, FloatArray]] = []

    def keep() -> None:
        if record:
            history.append((rates.copy(), credit.copy()))

    keep()
    kept_rate = np.exp(-steps / constants.firing)
    kept_credit = np.exp(-steps / constants.credit)
    for stimulus, target in zip(stimuli, targets, strict=True):
        rates[:n_inputs] = stimulus
        for step, keep_rate, keep_credit in zip(
            steps, kept_rate, kept_credit, strict=True
        ):
            net_input = rates @ weights
            if bias is not None:
                net_input += bias
            if of_parts:
                balance = balance_of(*parts_of_input(rates[None], weights, bias))[0]
            else:
                balance = balance_of(net_input[None])[0]
            error = target - rates_of_free[n_hidden:]
            if credit_mode == "clamp":
                credit_of_free[n_hidden:] = error
            driven = balance * credit_of_free
            heard = weights[n_inputs:] @ driven
            if credit_mode == "inject":
                heard[n_hidden:] += error
            change = np.multiply.outer(rates, driven)
            change *= allowed
            # All three drives were computed before any of the three changes.
            rates_of_free *= keep_rate
            rates_of_free += (1 - keep_rate) * rate(net_input[None])[0]
            listening *= keep_credit
            listening += (1 - keep_credit) * heard[: len(listening)]
            weights += (step / constants.weights) * change
            if signs is not None:  # Dale's law: a synapse stops at 0
                weights[weights * signs < 0] = 0
            if bias is not None:
                bias += (step / constants.weights) * driven
            keep()
    times = np.concatenate([[0.0], np.cumsum(np.tile(steps, len(stimuli)))])
    return Course(
        network=_with(network, weights, bias),
        rates=rates,
        credit=credit,
        times=times,
        rates_over_time=np.array([x for x, _ in history]) if record else None,
        credit_over_time=np.array([c for _, c in history]) if record else None,
    )


def _time_steps(
    dwell: float, constants: TimeConstants, steps_per_constant: int
) -> FloatArray:
    """Time steps of one stimulus, lengthening; they add up to its duration."""
    fast, slow = sorted((constants.firing, constants.credit))
    longest = min(slow, dwell, constants.weights) / steps_per_constant
    step = min(fast / steps_per_constant, longest)
    steps, time = [], 0.0
    while time < dwell:
        steps.append(step)
        time += step
        step = min(GROWTH * step, longest)
    return np.array(steps) * (dwell / time)


def _with(network: Network, weights: FloatArray, bias: FloatArray | None) -> Network:
    whole = np.zeros((network.n_neurons, network.n_neurons))
    whole[:, network.n_inputs :] = weights
    whole_bias = None
    if bias is not None and network.bias is not None:
        unused = network.bias[: network.n_inputs].astype(np.float64)
        whole_bias = np.concatenate([unused, bias])
    signs = None if network.signs is None else network.signs.astype(np.float64)
    return replace(network, weights=whole, bias=whole_bias, signs=signs)


def _checked(
    network: Network,
    stimuli: ArrayLike,
    targets: ArrayLike,
    dwell: float,
    steps_per_constant: int,
) -> tuple[FloatArray, FloatArray]:
    stimuli = np.asarray(stimuli, dtype=np.float64)
    targets = np.asarray(targets, dtype=np.float64)
    for name, values, width in (
        ("stimuli", stimuli, network.n_inputs),
        ("targets", targets, network.n_outputs),
    ):
        if values.ndim != 2 or values.shape[1] != width:
            raise ValueError(
                f"{name} must have shape (k, {width}), got shape {values.shape}"
            )
    if len(stimuli) != len(targets):
        raise ValueError(
            f"targets must have one row per stimulus ({len(stimuli)}), "
            f"got {len(targets)}"
        )
    if not (np.isfinite(dwell) and dwell > 0):
        raise ValueError(f"dwell must be a positive number of seconds, got {dwell}")
    if steps_per_constant < 1:
        raise ValueError(
            f"steps_per_constant must be at least 1, got {steps_per_constant}"
        )
    return stimuli, targets
