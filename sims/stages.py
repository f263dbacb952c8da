"""A training in stages: its schedule, its steps, its state at every checkpoint."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commstruct.threads import one_thread
from commstruct.vocabulary import FloatVector
from sims.activation import Array
from sims.array_step import ArrayStep, Velocity
from sims.batches import Batches, History
from sims.evaluation import Evaluation, evaluate, to_numpy
from sims.loss import Loss, OwnLoss, check_loss
from sims.network import Network
from sims.rule import Rule
from sims.sparse_step import SparseStep, has_few_synapses
from sims.step import TrainingStep, needs_array_step
from sims.task import Task

HISTORY_ENTRIES = 100
"""Entries of the history of the loss: enough for a curve on a page, and few enough to
be kept in the record of every run."""

LearningRate = float | Array | Callable[[int], float | Array]
"""A number, an (n, n) array with the rate of every synapse, or a function that gives
either from the number of steps done before."""


class StepState:
    """What a callback of `train` sees after a step.

    Arrays are copied when they are first looked at, so what is not needed costs
    nothing; look at them before the callback returns.

    Attributes
    ----------
    step : int
        Training steps done, first 1.
    loss : float
        Loss of the step's batch before the change, mean over samples.
    stimulus, target : (batch, n_inputs) and (batch, n_outputs) arrays
        The batch.
    network : Network
        After the step.
    rates, credit : (batch, n) arrays
        From which the weights were changed.
    change : (n, n) array
        `weight_change` of the step: of the rule at learning rate 1, before momentum,
        weight decay and Dale's law.

    See Also
    --------
    train : Calls the callback.

    Examples
    --------
    Stop when the loss of a batch is low:

    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> network = sims.layered([3, 8, 2], activation="tanh", seed=0)
    >>> run = sims.train(
    ...     network,
    ...     task,
    ...     learning_rate=0.2,
    ...     steps=500,
    ...     batch_size=4,
    ...     callback=lambda state: state.loss < 0.1,
    ... )
    >>> 0 < run.stopped_at < 500
    True
    """

    def __init__(
        self,
        step: int,
        loss: float,
        batch: tuple[NDArray[np.floating], NDArray[np.floating]],
        learn: TrainingStep | ArrayStep,
    ) -> None:
        self.step, self.loss = step, loss
        self._batch, self._learn = batch, learn
        self._seen: dict[str, Any] = {}
        self._is_over = False

    def __repr__(self) -> str:
        return f"StepState(step={self.step}, loss={self.loss:.4g})"

    def _look(self, name: str, copy: Callable[[], Any]) -> Any:
        if name not in self._seen:
            if self._is_over:
                raise RuntimeError(
                    f"{name} must be looked at before the callback returns, "
                    "got a state of an earlier step"
                )
            self._seen[name] = copy()
        return self._seen[name]

    @property
    def stimulus(self) -> NDArray[np.floating]:
        return np.asarray(self._look("stimulus", self._batch[0].copy))

    @property
    def target(self) -> NDArray[np.floating]:
        return np.asarray(self._look("target", self._batch[1].copy))

    @property
    def network(self) -> Network:
        network: Network = self._look("network", self._learn.network)
        return network

    @property
    def rates(self) -> Array:
        return self._look("rates", self._learn.rates)

    @property
    def credit(self) -> Array:
        return self._look("credit", self._learn.credit)

    @property
    def change(self) -> Array:
        return self._look("change", self._learn.change)

    def close(self) -> None:
        """Refuse what has not been looked at: its memory belongs to the next step."""
        self._is_over = True


Callback = Callable[[StepState], "bool | Network | None"]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training at one of its checkpoints: all that is needed to resume it.

    Attributes
    ----------
    step : int
        Training steps done; if the run diverged, those of its last checkpoint.
    network : Network
        At `step`.
    evaluation : Evaluation or None
        None where the checkpoint was not evaluated.
    history_steps : (m,) array of int
    history_loss : (m,) array
        As in `Run`, up to `step` or to the divergence.
    position : dict
        Position in the shuffled samples, in the running mean of the loss and in the
        noise, and the step of the last evaluation, as plain data.
    diverged_at : int or None
        As in `Run`; the training then ends.
    stopped : bool
        Whether a callback ended the training at `step`.
    velocity : (array, array or None) or None
        Running sums of the changes of weights and biases, under momentum.

    See Also
    --------
    train_in_stages : Yields these.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> schedule = sims.Schedule(learning_rate=0.1, steps=4, batch_size=4)
    >>> first, last = sims.train_in_stages(
    ...     sims.layered([3, 4, 2]), task, sims.Rule(), schedule
    ... )
    >>> first.step, last.step
    (0, 4)
    """

    step: int
    network: Network
    evaluation: Evaluation | None
    history_steps: NDArray[np.int64]
    history_loss: FloatVector
    position: dict[str, Any]
    diverged_at: int | None = None
    stopped: bool = False
    velocity: Velocity | None = None


@dataclass(frozen=True, eq=False)
class Schedule:
    """How long a training lasts, how fast it learns, and where it is looked at.

    Parameters
    ----------
    learning_rate, noise, evaluate_every
        As in `train`.
    steps : int
    batch_size : int
    seed : int
        Decides the batches and the noise.
    checkpoints : int or sequence of int
        As in `train`.

    See Also
    --------
    train_in_stages : Trains by a schedule.

    Examples
    --------
    >>> import sims
    >>> sims.Schedule(learning_rate=0.1, steps=10, checkpoints=2).marks
    [0, 5, 10]
    """

    learning_rate: LearningRate
    steps: int
    batch_size: int = 32
    seed: int = 0
    checkpoints: int | Sequence[int] = 1
    noise: float | tuple[float, float] = 0.0
    evaluate_every: int | None = None

    def __post_init__(self) -> None:
        if not callable(self.learning_rate):
            _check_rate(self.learning_rate, "learning_rate")
        for name in ("steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )
        if self.evaluate_every is not None and self.evaluate_every < 0:
            raise ValueError(
                f"evaluate_every must not be negative, got {self.evaluate_every}"
            )
        _ = self.noise_levels
        checkpoint_steps(self.checkpoints, self.steps)

    @property
    def marks(self) -> list[int]:
        """Steps of the checkpoints, the start and the end included."""
        return checkpoint_steps(self.checkpoints, self.steps)

    @property
    def noise_levels(self) -> tuple[float, float]:
        """Standard deviation of the noise on the rates, and on the credit."""
        levels = np.asarray(self.noise, dtype=np.float64)
        usable = levels.shape in ((), (2,)) and np.isfinite(levels).all()
        if not usable or levels.min() < 0:
            raise ValueError(
                "noise must be a standard deviation, or one of rates and one of "
                f"credit, finite and not negative, got {self.noise}"
            )
        rates, credit = np.broadcast_to(levels, 2).tolist()
        return rates, credit

    def rate_of(self, step: int) -> Any:
        """Learning rate of a step, the first being step 1."""
        if not callable(self.learning_rate):
            return self.learning_rate
        rate = self.learning_rate(step - 1)
        _check_rate(rate, f"learning_rate({step - 1})")
        return rate

    def is_evaluated(self, step: int, last: int | None) -> bool:
        """Whether the checkpoint at a step is evaluated, the last one being known."""
        if self.evaluate_every is None or last is None:
            return self.evaluate_every != 0
        if self.evaluate_every == 0:
            return False
        return step == self.steps or step - last >= self.evaluate_every


def train_in_stages(
    network: Network,
    task: Task,
    rule: Rule,
    schedule: Schedule,
    *,
    callback: Callback | None = None,
    progress: Callable[[int], None] | None = None,
    resume: TrainingState | None = None,
) -> Iterator[TrainingState]:
    """Train as `train` does, and yield the state at every checkpoint.

    Only one network is in memory at a time, however many checkpoints there are. This is
    how a sweep trains.

    Parameters
    ----------
    network, task, rule, callback, progress
        As in `train`.
    schedule : Schedule
    resume : TrainingState, optional
        Checkpoint of the same training to continue from. What follows is bit for bit
        what an uninterrupted training gives; the checkpoint itself is not yielded
        again.

    Returns
    -------
    iterator of TrainingState
        One for each checkpoint, the start included; one where a callback ends the
        training. A run that diverges yields its last checkpoint once more, with
        `diverged_at` set.

    Raises
    ------
    ValueError
        If the task does not fit the network or the loss, or `resume` is not at one of
        the checkpoints.

    See Also
    --------
    train : Keeps all checkpoints in one result.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> network = sims.layered([3, 4, 2])
    >>> schedule = sims.Schedule(learning_rate=0.1, steps=20, checkpoints=2)
    >>> for state in sims.train_in_stages(network, task, sims.Rule(), schedule):
    ...     print(state.step)
    0
    10
    20
    """
    _check_fit(network, task, rule.loss)
    marks, steps = set(schedule.marks), schedule.steps
    if resume is not None and resume.step not in marks:
        raise ValueError(
            f"resume must be at one of the checkpoints {sorted(marks)}, "
            f"got step {resume.step}"
        )
    # A stream of its own, so that noise does not change the batches.
    noise_rng = np.random.default_rng(np.random.SeedSequence(schedule.seed).spawn(1)[0])

    def make_step(
        network: Network, rate: float | Array, velocity: Velocity | None
    ) -> TrainingStep | ArrayStep:
        _check_rate_fits(rate, network)
        return training_step(
            network,
            rule,
            batch_size=schedule.batch_size,
            learning_rate=rate,
            noise=schedule.noise_levels,
            noise_rng=noise_rng,
            velocity=velocity,
        )

    # A function gives the rate when the first step is taken.
    rate = 0.0 if callable(schedule.learning_rate) else schedule.learning_rate
    learn = make_step(
        network if resume is None else resume.network,
        rate,
        None if resume is None else resume.velocity,
    )
    dtype = to_numpy(network.weights[:0]).dtype
    rng = np.random.default_rng(schedule.seed)
    batches = Batches(task, schedule.batch_size, dtype, rng)
    history = History(every=max(1, steps // HISTORY_ENTRIES), progress=progress)
    evaluated: int | None = None

    def state_at(step: int, *, stopped: bool = False) -> TrainingState:
        nonlocal evaluated
        now, evaluation = learn.network(), None
        if schedule.is_evaluated(step, evaluated) or (
            stopped and schedule.evaluate_every != 0
        ):
            evaluation, evaluated = evaluate(now, task, rule), step
        if step == steps or stopped:
            history.close()
        position = {
            "batches": batches.position(),
            "history": history.position(),
            "noise": noise_rng.bit_generator.state,
            "evaluated": evaluated,
        }
        return TrainingState(
            step,
            now,
            evaluation,
            *history.arrays(),
            position,
            stopped=stopped,
            velocity=learn.velocity,
        )

    def stages() -> Iterator[TrainingState]:
        nonlocal learn, evaluated, rate
        with one_thread():
            if resume is None:
                state = state_at(0)
                yield state
            else:
                state = resume
                batches.go_to(state.position["batches"])
                history.go_to(
                    state.history_steps, state.history_loss, state.position["history"]
                )
                # Checkpoints of earlier versions have neither noise nor this step.
                if "noise" in state.position:
                    noise_rng.bit_generator.state = state.position["noise"]
                evaluated = state.position.get("evaluated", state.step)
            if state.diverged_at is not None:
                return
            for step in range(state.step + 1, steps + 1):
                if callable(schedule.learning_rate):
                    before, rate = rate, schedule.rate_of(step)
                    _check_rate_fits(rate, network)
                    if np.ndim(rate) != np.ndim(before):  # another kind of step
                        learn = make_step(learn.network(), rate, learn.velocity)
                    learn.set_learning_rate(rate)
                batch = batches.draw()
                batch_loss = learn(*batch)
                if not np.isfinite(batch_loss):
                    history.close()
                    ended, losses = history.arrays()
                    yield replace(
                        state,
                        history_steps=ended,
                        history_loss=losses,
                        diverged_at=step,
                    )
                    return
                history.add(step, batch_loss)
                stopped = False
                if callback is not None:
                    seen = StepState(step, batch_loss, batch, learn)
                    answer = callback(seen)
                    seen.close()
                    if isinstance(answer, Network):
                        _check_same_neurons(answer, network)
                        learn = make_step(answer, rate, learn.velocity)
                    elif answer is not None:
                        stopped = _as_flag(answer)
                if step in marks or stopped:
                    state = state_at(step, stopped=stopped)
                    yield state
                    if stopped:
                        return

    return stages()


def training_step(
    network: Network,
    rule: Rule,
    *,
    batch_size: int,
    learning_rate: float | Array,
    noise: tuple[float, float] = (0.0, 0.0),
    noise_rng: np.random.Generator | None = None,
    velocity: Velocity | None = None,
) -> TrainingStep | ArrayStep:
    """Make the training step that suits the network's arrays and the rule.

    Parameters
    ----------
    network, rule, batch_size
        As in `sims.step.TrainingStep`.
    learning_rate, noise, noise_rng, velocity
        As in `sims.array_step.ArrayStep`.

    Returns
    -------
    TrainingStep or ArrayStep
        The fast one where it can be used: numpy arrays, plain settling, one learning
        rate for all synapses, no noise, no momentum. With few synapses, one whose cost
        follows them.
    """
    is_fast = (
        isinstance(network.weights, np.ndarray)
        and np.ndim(learning_rate) == 0
        and not any(noise)
        and not needs_array_step(network, rule)
    )
    if is_fast:
        make = SparseStep if has_few_synapses(network) else TrainingStep
        return make(
            network, rule, batch_size=batch_size, learning_rate=float(learning_rate)
        )
    return ArrayStep(
        network,
        rule,
        learning_rate=learning_rate,
        noise=noise,
        rng=noise_rng,
        velocity=velocity,
    )


def checkpoint_steps(checkpoints: int | Sequence[int], steps: int) -> list[int]:
    """Steps at which weights are kept: always the start and the end.

    Raises
    ------
    ValueError
        If a checkpoint lies outside the training.
    """
    if isinstance(checkpoints, int | np.integer):
        if checkpoints < 1:
            raise ValueError(f"checkpoints must be at least 1, got {checkpoints}")
        spaced = np.linspace(0, steps, checkpoints + 1)
        return sorted({round(step) for step in spaced})
    marks = sorted({0, steps, *(int(step) for step in checkpoints)})
    if marks[0] < 0 or marks[-1] > steps:
        raise ValueError(
            f"checkpoints must lie from 0 to {steps}, got {list(checkpoints)}"
        )
    return marks


def _check_rate(rate: Any, name: str) -> None:
    """Refuse a learning rate that is no number or array, or is out of range."""
    try:
        values = to_numpy(rate) if np.ndim(rate) else np.asarray(float(rate))
    except (TypeError, ValueError):
        values = np.asarray("")
    if values.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be a number, an (n, n) array or a function of the step, "
            f"got {type(rate).__name__}"
        )
    if values.ndim not in (0, 2):
        raise ValueError(
            f"{name} must be a number or an (n, n) array, got shape {values.shape}"
        )
    bad = values[~(np.isfinite(values) & (values >= 0))]
    if bad.size:
        raise ValueError(f"{name} must be finite and not negative, got {bad[0]}")


def _check_rate_fits(rate: Any, network: Network) -> None:
    shape = tuple(network.weights.shape)
    if np.ndim(rate) and tuple(rate.shape) != shape:
        raise ValueError(
            f"learning_rate must have the shape of weights {shape}, "
            f"got shape {tuple(rate.shape)}"
        )


def _check_same_neurons(found: Network, start: Network) -> None:
    ours, theirs = (
        (one.n_neurons, one.n_inputs, one.n_outputs) for one in (start, found)
    )
    if ours != theirs:
        raise ValueError(
            "a callback must return a network with as many neurons, inputs and outputs "
            f"{ours}, got {theirs}"
        )


def _as_flag(answer: Any) -> bool:
    if isinstance(answer, bool | np.bool_):
        return bool(answer)
    raise TypeError(
        "a callback must return None or False to go on, True to stop, or the Network "
        f"to go on with, got {type(answer).__name__}"
    )


def _check_fit(network: Network, task: Task, loss: Loss | OwnLoss) -> None:
    """Refuse a task that does not fit the network, or a loss that fits neither."""
    wanted = (task.n_inputs, task.n_outputs)
    if wanted != (network.n_inputs, network.n_outputs):
        raise ValueError(
            f"network must have the task's {wanted[0]} inputs and {wanted[1]} outputs, "
            f"got {network.n_inputs} and {network.n_outputs}"
        )
    check_loss(network, loss)
    lowest = min(task.targets.min(), task.held_out_targets.min())
    highest = max(task.targets.max(), task.held_out_targets.max())
    if loss == "cross-entropy" and (lowest < 0 or highest > 1):
        raise ValueError(
            "targets must lie from 0 to 1 for the cross-entropy, "
            f"got {lowest} to {highest}"
        )
