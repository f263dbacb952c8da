"""Training: a network learns a task by the credit rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from array_api_compat import to_device
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from commstruct.vocabulary import FloatVector
from sims.activation import Array
from sims.batches import Batches, History
from sims.credit import Rates
from sims.loss import Loss, check_loss, external_credit, target_loss
from sims.network import Network
from sims.rule import RULE, Rule
from sims.step import ArrayStep, TrainingStep
from sims.task import Task, classes_of

HISTORY_ENTRIES = 100
"""Entries of the history of the loss: enough for a curve on a page, and few enough to
be kept in the record of every run."""


@dataclass(frozen=True)
class Evaluation:
    """Performance of a network, and its dynamical state, at one moment of training.

    Attributes
    ----------
    training_loss, held_out_loss : float
        The loss that was trained, summed over outputs, mean over samples.
    held_out_accuracy : float
        Share of held-out samples whose largest output is the target's; NaN for
        regression.
    settled_rates, settled_credit : float
        Share of held-out samples that settled within the tolerance and the steps of
        the rule.
    ei_balance : float
        ``1 - |E - I| / (E + I)`` of the excitatory and inhibitory input of a neuron,
        mean over held-out samples and the neurons that are not inputs: 1 where they
        cancel, 0 where one is alone.
    spectral_radius : float
        Largest modulus of an eigenvalue of the weights.

    See Also
    --------
    evaluate : Makes an evaluation.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> found = sims.evaluate(sims.layered([3, 4, 2]), task)
    >>> found.training_loss > 0
    True
    """

    training_loss: float
    held_out_loss: float
    held_out_accuracy: float
    settled_rates: float
    settled_credit: float
    ei_balance: float
    spectral_radius: float


@dataclass(frozen=True, eq=False)
class Run:
    """A completed training: its checkpoints, its loss, and the trained network.

    Attributes
    ----------
    network : Network
        After training; if the run diverged, at the last checkpoint it reached.
    learning_rate : float
    seed : int
    checkpoints : (k,) array of int
        Training steps done at each checkpoint, first 0.
    weights : (k, n, n) array
        Weights at each checkpoint; NaN at those that a diverged run did not reach.
    evaluations : tuple of k Evaluation or None
        At each checkpoint; None at those that a diverged run did not reach.
    history_steps : (m,) array of int
    history_loss : (m,) array
        Training loss, mean over the batches since the previous entry. At most about
        100 entries, however long the training.
    diverged_at : int or None
        Step at which rates, credit or weights stopped being finite numbers.

    See Also
    --------
    train : Makes a run.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3)
    >>> network = sims.layered([3, 4, 2])
    >>> run = sims.train(network, task, learning_rate=0.1, steps=20, checkpoints=2)
    >>> run.checkpoints.tolist(), run.weights.shape, run.diverged_at
    ([0, 10, 20], (3, 9, 9), None)
    """

    network: Network
    learning_rate: float
    seed: int
    checkpoints: NDArray[np.int64]
    weights: NDArray[np.floating]
    evaluations: tuple[Evaluation | None, ...]
    history_steps: NDArray[np.int64]
    history_loss: FloatVector
    diverged_at: int | None


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training at one of its checkpoints: all that is needed to resume it.

    Attributes
    ----------
    step : int
        Training steps done; if the run diverged, those of its last checkpoint.
    network : Network
        At `step`.
    evaluation : Evaluation
    history_steps : (m,) array of int
    history_loss : (m,) array
        As in `Run`, up to `step` or to the divergence.
    position : dict
        Position in the shuffled samples and in the running mean of the loss, as plain
        data.
    diverged_at : int or None
        As in `Run`; the training then ends.
    """

    step: int
    network: Network
    evaluation: Evaluation
    history_steps: NDArray[np.int64]
    history_loss: FloatVector
    position: dict[str, Any]
    diverged_at: int | None = None


@dataclass(frozen=True)
class Schedule:
    """How long a training lasts, how fast it learns, and where it is looked at.

    Parameters
    ----------
    learning_rate : float
    steps : int
    batch_size : int
    seed : int
        Decides the batches.
    checkpoints : int or sequence of int
        As in `train`.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    learning_rate: float
    steps: int
    batch_size: int = 32
    seed: int = 0
    checkpoints: int | Sequence[int] = 1

    def __post_init__(self) -> None:
        if not (np.isfinite(self.learning_rate) and self.learning_rate >= 0):
            raise ValueError(
                "learning_rate must be finite and not negative, "
                f"got {self.learning_rate}"
            )
        for name in ("steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )
        checkpoint_steps(self.checkpoints, self.steps)

    @property
    def marks(self) -> list[int]:
        """Steps of the checkpoints, the start and the end included."""
        return checkpoint_steps(self.checkpoints, self.steps)


def train(
    network: Network,
    task: Task,
    rule: Rule = RULE,
    *,
    learning_rate: float,
    steps: int,
    batch_size: int = 32,
    seed: int = 0,
    checkpoints: int | Sequence[int] = 1,
    progress: Callable[[int], None] | None = None,
    **fields: Any,
) -> Run:
    """Train a network by the credit rule on random batches.

    Every step draws a batch, settles the rates, settles the credit from the errors of
    the outputs, and changes the weights by the learning rate times `weight_change`. The
    batches depend on `seed` alone, so learning rates are compared on equal stimuli.
    numpy's products run on one thread, whatever the machine has, so that the result
    does not depend on it and many runs can share a machine.

    Parameters
    ----------
    network : Network
        Start; it is not changed. If its arrays are not numpy's (`Network.to`), training
        runs where they are, by the same rule.
    task : Task
        Must have as many inputs and outputs as the network.
    rule : Rule
        How rates and credit settle, which loss is lowered, and the weight decay.
    learning_rate : float
        Change of a weight per step and unit of `weight_change`.
    steps : int
        Training steps.
    batch_size : int
        Samples in a batch. The samples are shuffled and dealt out batch by batch, then
        shuffled again.
    seed : int
        Decides the batches.
    checkpoints : int or sequence of int
        How many checkpoints after the start, evenly spaced, or at which steps. The
        start (step 0) and the end are always among them.
    progress : callable, optional
        Called with the number of steps done since its last call.
    **fields
        Fields of `Rule` to change, such as ``settling_steps=20``.

    Returns
    -------
    Run
        A run that diverges ends at that step, without an error.

    Raises
    ------
    ValueError
        If an argument is out of range or the task does not fit the network.
    TypeError
        If a keyword is neither a parameter nor a field of `Rule`.

    See Also
    --------
    Rule : The settings of the credit rule.
    evaluate : Measure a network without training it.
    run_sweep : Train over learning rates and seeds, into a store.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=3, held_out=0.25)
    >>> network = sims.layered([3, 8, 2], activation="tanh", seed=0)
    >>> run = sims.train(network, task, learning_rate=0.2, steps=200, batch_size=6)
    >>> run.checkpoints.tolist()
    [0, 200]
    >>> before, after = run.evaluations
    >>> after.training_loss < before.training_loss
    True
    """
    schedule = Schedule(
        learning_rate=learning_rate,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        checkpoints=checkpoints,
    )
    marks = schedule.marks
    dtype = _to_numpy(network.weights[:0]).dtype
    weights = np.full((len(marks), *network.weights.shape), np.nan, dtype=dtype)
    evaluations: list[Evaluation | None] = [None] * len(marks)
    for state in train_in_stages(
        network, task, rule.with_fields(**fields), schedule, progress=progress
    ):
        index = marks.index(state.step)
        weights[index] = _to_numpy(state.network.weights)
        evaluations[index] = state.evaluation
    return Run(
        network=state.network,
        learning_rate=learning_rate,
        seed=seed,
        checkpoints=np.array(marks, dtype=np.int64),
        weights=weights,
        evaluations=tuple(evaluations),
        history_steps=state.history_steps,
        history_loss=state.history_loss,
        diverged_at=state.diverged_at,
    )


def train_in_stages(
    network: Network,
    task: Task,
    rule: Rule,
    schedule: Schedule,
    *,
    progress: Callable[[int], None] | None = None,
    resume: TrainingState | None = None,
) -> Iterator[TrainingState]:
    """Train as `train` does, and yield the state at every checkpoint.

    Only one network is in memory at a time, however many checkpoints there are. This is
    how a sweep trains; the package does not export it.

    Parameters
    ----------
    network, task, rule, progress
        As in `train`.
    schedule : Schedule
    resume : TrainingState, optional
        Checkpoint of the same training to continue from. What follows is bit for bit
        what an uninterrupted training gives; the checkpoint itself is not yielded
        again.

    Returns
    -------
    iterator of TrainingState
        One for each checkpoint, the start included. A run that diverges yields its last
        checkpoint once more, with `diverged_at` set.

    Raises
    ------
    ValueError
        If the task does not fit the network or the loss, or `resume` is not at one of
        the checkpoints.
    """
    _check_fit(network, task, rule.loss)
    marks, steps = set(schedule.marks), schedule.steps
    if resume is not None and resume.step not in marks:
        raise ValueError(
            f"resume must be at one of the checkpoints {sorted(marks)}, "
            f"got step {resume.step}"
        )
    learn = training_step(
        network if resume is None else resume.network,
        rule,
        batch_size=schedule.batch_size,
        learning_rate=schedule.learning_rate,
    )
    dtype = _to_numpy(network.weights[:0]).dtype
    rng = np.random.default_rng(schedule.seed)
    batches = Batches(task, schedule.batch_size, dtype, rng)
    history = History(every=max(1, steps // HISTORY_ENTRIES), progress=progress)

    def state_at(step: int) -> TrainingState:
        now = learn.network()
        evaluation = evaluate(now, task, rule)
        if step == steps:
            history.close()
        position = {"batches": batches.position(), "history": history.position()}
        return TrainingState(step, now, evaluation, *history.arrays(), position)

    def stages() -> Iterator[TrainingState]:
        with threadpool_limits(1, user_api="blas"):
            if resume is None:
                state = state_at(0)
                yield state
            else:
                state = resume
                batches.go_to(state.position["batches"])
                history.go_to(
                    state.history_steps, state.history_loss, state.position["history"]
                )
            if state.diverged_at is not None:
                return
            for step in range(state.step + 1, steps + 1):
                batch_loss = learn(*batches.draw())
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
                if step in marks:
                    state = state_at(step)
                    yield state

    return stages()


def training_step(
    network: Network, rule: Rule, *, batch_size: int, learning_rate: float
) -> TrainingStep | ArrayStep:
    """Make the training step that suits the network's arrays and the rule.

    Parameters
    ----------
    network, rule, batch_size, learning_rate
        As in `sims.step.TrainingStep`.

    Returns
    -------
    TrainingStep or ArrayStep
        The fast one where it can be used: numpy arrays, and plain settling.
    """
    is_plain = not (rule.damping or rule.accelerate)
    if isinstance(network.weights, np.ndarray) and is_plain:
        return TrainingStep(
            network, rule, batch_size=batch_size, learning_rate=learning_rate
        )
    return ArrayStep(network, rule, batch_size=batch_size, learning_rate=learning_rate)


@np.errstate(all="ignore")  # rates beyond all bounds give NaN, and that is recorded
def evaluate(network: Network, task: Task, rule: Rule = RULE) -> Evaluation:
    """Measure a network on the samples it was trained on and those held out.

    Parameters
    ----------
    network : Network
    task : Task
    rule : Rule
        How rates and credit settle, and which loss is measured.

    Returns
    -------
    Evaluation

    See Also
    --------
    train : Trains a network and evaluates it at every checkpoint.
    class_accuracy : Held-out accuracy by class.

    Examples
    --------
    >>> import sims
    >>> task = sims.parity_task(n_bits=4)
    >>> network = sims.layered([4, 6, 2], seed=0)
    >>> found = sims.evaluate(network, task, sims.Rule(settling_steps=3))
    >>> 0 <= found.held_out_accuracy <= 1
    True
    >>> found.settled_rates  # three layers are at rest after three steps
    1.0
    """
    network = rule.with_balance(network)
    trained = rule.settle_rates(network, task.stimuli)
    rates = rule.settle_rates(network, task.held_out_stimuli)
    external = external_credit(network, rates, task.held_out_targets, loss=rule.loss)
    credit = rule.settle_credit(network, rates, external)
    accuracy = np.nan
    if task.kind == "classification":
        outputs = np.asarray(rates)[:, network.outputs]
        named = classes_of(outputs) == classes_of(task.held_out_targets)
        accuracy = float(named.mean())

    def mean_loss(rates: Rates, targets: Array) -> float:
        losses = target_loss(network, rates, targets, loss=rule.loss)
        return float(_to_numpy(losses).mean(dtype=np.float64))

    return Evaluation(
        training_loss=mean_loss(trained, task.targets),
        held_out_loss=mean_loss(rates, task.held_out_targets),
        held_out_accuracy=accuracy,
        settled_rates=float(_to_numpy(rates.settled).mean()),
        settled_credit=float(_to_numpy(credit.settled).mean()),
        ei_balance=float(ei_balance(network, rates).mean()),
        spectral_radius=spectral_radius(network),
    )


def ei_balance(network: Network, rates: Rates) -> FloatVector:
    """Excitatory-inhibitory balance index of each neuron that is not an input.

    The index is ``1 - |E - I| / (E + I)``, where E and I are the positive and the
    negative part of the neuron's input; mean over samples. Neurons without input count
    as balanced.

    Parameters
    ----------
    network : Network
    rates : Rates

    Returns
    -------
    (n - n_inputs,) array, each in [0, 1]

    See Also
    --------
    evaluate : Has its mean over neurons.

    Examples
    --------
    Two inputs of rate 1 excite an output by 3 and inhibit it by 1: 1 - 2 / 4.

    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 2, 1, "relu")
    >>> sims.ei_balance(network, sims.settle_rates(network, [[1.0, 1.0]])).tolist()
    [0.5]
    """
    weights = _to_numpy(network.weights).astype(np.float64)[:, network.n_inputs :]
    values = np.asarray(rates, dtype=np.float64)
    # A negative rate (tanh) reverses the sign of its synapses' effect.
    up, down = np.maximum(weights, 0), np.maximum(-weights, 0)
    on, below = np.maximum(values, 0), np.maximum(-values, 0)
    excitation = on @ up + below @ down
    inhibition = on @ down + below @ up
    if network.bias is not None:
        bias = _to_numpy(network.bias).astype(np.float64)[network.n_inputs :]
        excitation += np.maximum(bias, 0)
        inhibition += np.maximum(-bias, 0)
    total = excitation + inhibition
    index = 1 - np.divide(
        np.abs(excitation - inhibition),
        total,
        out=np.zeros_like(total),
        where=total > 0,
    )
    return np.asarray(index.mean(axis=0))


def spectral_radius(network: Network) -> float:
    """Largest modulus of an eigenvalue of the weights.

    Parameters
    ----------
    network : Network

    Returns
    -------
    float

    See Also
    --------
    evaluate : Has it among other measures.

    Examples
    --------
    >>> import numpy as np
    >>> import sims
    >>> weights = np.array([[0.0, 9.0, 0.0], [0.0, 0.0, 2.0], [0.0, 8.0, 0.0]])
    >>> network = sims.Network(weights, weights != 0, 1, 1, "relu")
    >>> round(sims.spectral_radius(network), 6)  # the square root of 2 * 8
    4.0
    """
    weights = _to_numpy(network.weights).astype(np.float64)
    # Nothing drives the clamped inputs, so they add only zero eigenvalues.
    recurrent = weights[network.n_inputs :, network.n_inputs :]
    return float(np.abs(np.linalg.eigvals(recurrent)).max())


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


def _to_numpy(values: Array) -> NDArray[np.floating]:
    return np.asarray(to_device(values, "cpu"))


def _check_fit(network: Network, task: Task, loss: Loss) -> None:
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
