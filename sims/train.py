"""One run: a network learns a task by the credit rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from array_api_compat import to_device
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sims.activation import Array
from sims.batches import Batches, History
from sims.credit import (
    CreditMode,
    Rates,
    check_damping,
    settle_credit,
    settle_rates,
)
from sims.loss import Loss, check_loss, external_credit, target_loss
from sims.network import Network
from sims.step import ArrayStep, TrainingStep
from sims.task import Task, classes_of

FloatVector = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """How a network does at one moment.

    Attributes
    ----------
    training_loss, held_out_loss : float
        The loss that was trained, summed over outputs, mean over samples.
    held_out_accuracy : float
        Share of held-out samples whose largest output is the target's; NaN for
        regression.
    settled_rates, settled_credit : float
        Share of held-out samples that settled to the tolerance in the steps allowed.
    ei_balance : float
        ``1 - |E - I| / (E + I)`` of the excitatory and inhibitory input of a neuron,
        mean over held-out samples and the neurons that are not inputs: 1 where they
        cancel, 0 where one is alone.
    spectral_radius : float
        Largest modulus of an eigenvalue of the weights.
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
    """A training: where it went, and what it left.

    Attributes
    ----------
    network : Network
        As trained; of a run that diverged, as at the last checkpoint it reached.
    learning_rate : float
    seed : int
    checkpoints : (k,) array of int
        Training steps done at each checkpoint, first 0.
    weights : (k, n, n) array
        Weights at each checkpoint; NaN at those that a diverged run did not reach.
    evaluations : tuple of k Evaluation or None
        At each checkpoint; None where the run did not get to.
    history_steps : (m,) array of int
    history_loss : (m,) array
        Training loss, mean over the batches since the previous entry. At most about
        100 entries, however long the training.
    diverged_at : int or None
        Step at which rates, credit or weights stopped being finite numbers.
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
    """A training at one of its checkpoints: all it takes to go on from there.

    Attributes
    ----------
    step : int
        Training steps done; of a run that diverged, as at its last checkpoint.
    network : Network
        As it is at `step`.
    evaluation : Evaluation
    history_steps : (m,) array of int
    history_loss : (m,) array
        As in `Run`, up to `step` or to the divergence.
    place : dict
        Where in the shuffled samples and in the running mean of the loss the training
        is, as plain data.
    diverged_at : int or None
        As in `Run`; the training then goes no further.
    """

    step: int
    network: Network
    evaluation: Evaluation
    history_steps: NDArray[np.int64]
    history_loss: FloatVector
    place: dict[str, Any]
    diverged_at: int | None = None


def train(
    network: Network,
    task: Task,
    *,
    learning_rate: float,
    steps: int,
    batch_size: int = 32,
    seed: int,
    checkpoints: int | Sequence[int] = 1,
    settling_steps: int = 8,
    tolerance: float = 1e-4,
    damping: float = 0.0,
    accelerate: bool = False,
    credit_mode: CreditMode = "clamp",
    loss: Loss = "squared",
    weight_decay: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Train a network by the credit rule on random batches.

    Every step draws a batch, settles the rates, settles the credit from the outputs'
    errors, and changes the weights by the learning rate times `weight_change`. The
    batches depend on `seed` alone, so learning rates are compared on equal stimuli.
    numpy's products run on one thread, whatever the machine has, so that the answer
    does not depend on it and many runs can share a machine.

    Parameters
    ----------
    network : Network
        Start; it is not changed. On arrays other than numpy's (`Network.to`), training
        is done where they are, by the same rule.
    task : Task
        Its inputs and outputs must be as many as the network's.
    learning_rate : float
        Change of a weight per step and unit of `weight_change`.
    steps : int
        Training steps.
    batch_size : int
        Samples in a batch, drawn without replacement from the samples that are left
        of a shuffled round.
    seed : int
    checkpoints : int or sequence of int
        How many checkpoints after the start, evenly spaced, or at which steps. The
        start (step 0) and the end are always among them.
    settling_steps : int
        The most steps that rates, and credit, may take to settle.
    tolerance : float
        Change in a step that counts as settled; at 0 all steps are taken.
    damping, accelerate
        Help for rates and credit that do not settle by plain iteration, as in
        `settle_rates`; a training step with either is computed by the pure functions
        of the rule, which takes longer.
    credit_mode : {"clamp", "inject"}
    loss : {"squared", "cross-entropy"}
        What training lowers; see `sims.loss.target_loss`.
    weight_decay : float
        Every weight and bias loses ``learning_rate * weight_decay`` of itself in a
        step, as in the gradient of ``weight_decay / 2 * sum(w ** 2)``.
    progress : callable, optional
        Called with the number of steps done since its last call.

    Returns
    -------
    Run
        A run that diverges ends there, without an error.

    Raises
    ------
    ValueError
        If an argument is out of range or the task does not fit the network.
    """
    marks = checkpoint_steps(checkpoints, steps)
    dtype = _to_numpy(network.weights[:0]).dtype
    weights = np.full((len(marks), *network.weights.shape), np.nan, dtype=dtype)
    evaluations: list[Evaluation | None] = [None] * len(marks)
    for state in train_in_stages(
        network,
        task,
        learning_rate=learning_rate,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        checkpoints=checkpoints,
        settling_steps=settling_steps,
        tolerance=tolerance,
        damping=damping,
        accelerate=accelerate,
        credit_mode=credit_mode,
        loss=loss,
        weight_decay=weight_decay,
        progress=progress,
    ):
        place = marks.index(state.step)
        weights[place] = _to_numpy(state.network.weights)
        evaluations[place] = state.evaluation
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
    *,
    learning_rate: float,
    steps: int,
    batch_size: int = 32,
    seed: int,
    checkpoints: int | Sequence[int] = 1,
    settling_steps: int = 8,
    tolerance: float = 1e-4,
    damping: float = 0.0,
    accelerate: bool = False,
    credit_mode: CreditMode = "clamp",
    loss: Loss = "squared",
    weight_decay: float = 0.0,
    progress: Callable[[int], None] | None = None,
    resume: TrainingState | None = None,
) -> Iterator[TrainingState]:
    """Train as `train` does, and stop for a look at every checkpoint.

    One network is in memory at a time, however many checkpoints there are.

    Parameters
    ----------
    network, task, learning_rate, steps, batch_size, seed, checkpoints, settling_steps
        As in `train`, as are the others but for `resume`.
    resume : TrainingState, optional
        Checkpoint of the same training to go on from; what follows is bit for bit
        what it would have been. It is not given out again.

    Returns
    -------
    iterator of TrainingState
        One for each checkpoint, the start included; of a run that diverges, the last
        one once more, with `diverged_at`.

    Raises
    ------
    ValueError
        If an argument is out of range or the task does not fit the network.
    """
    _check_training(network, task, learning_rate, steps, batch_size, settling_steps)
    if not tolerance >= 0:
        raise ValueError(f"tolerance must not be negative, got {tolerance}")
    check_damping(damping)
    _check_loss_and_targets(network, task, loss)
    marks = set(checkpoint_steps(checkpoints, steps))
    if resume is not None and resume.step not in marks:
        raise ValueError(
            f"resume must be at one of the checkpoints {sorted(marks)}, "
            f"got step {resume.step}"
        )
    start = network if resume is None else resume.network
    learn = training_step(
        start,
        damping=damping,
        accelerate=accelerate,
        batch_size=batch_size,
        learning_rate=learning_rate,
        settling_steps=settling_steps,
        tolerance=tolerance,
        mode=credit_mode,
        loss=loss,
        weight_decay=weight_decay,
    )
    dtype = _to_numpy(network.weights[:0]).dtype
    batches = Batches(task, batch_size, dtype, np.random.default_rng(seed))
    history = History(every=max(1, steps // 100), progress=progress)

    def look(step: int) -> TrainingState:
        now = learn.network()
        evaluation = evaluate(
            now,
            task,
            steps=settling_steps,
            tolerance=tolerance,
            damping=damping,
            accelerate=accelerate,
            mode=credit_mode,
            loss=loss,
        )
        if step == steps:
            history.close()
        place = {"batches": batches.place(), "history": history.place()}
        return TrainingState(step, now, evaluation, *history.arrays(), place)

    def stages() -> Iterator[TrainingState]:
        with threadpool_limits(1, user_api="blas"):
            if resume is None:
                state = look(0)
                yield state
            else:
                state = resume
                batches.go_to(state.place["batches"])
                history.go_to(
                    state.history_steps, state.history_loss, state.place["history"]
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
                    state = look(step)
                    yield state

    return stages()


def training_step(
    network: Network, *, damping: float, accelerate: bool, **settings: Any
) -> TrainingStep | ArrayStep:
    """Make the training step that suits the network's arrays and the settling.

    Parameters
    ----------
    network : Network
        Start; it is not changed.
    damping, accelerate
        As in `settle_rates`.
    **settings
        The other parameters of `sims.step.TrainingStep`.
    """
    if _is_numpy(network.weights) and not (damping or accelerate):
        return TrainingStep(network, **settings)
    return ArrayStep(network, **settings, damping=damping, accelerate=accelerate)


@np.errstate(all="ignore")  # rates beyond all bounds give NaN, and that is recorded
def evaluate(
    network: Network,
    task: Task,
    *,
    steps: int,
    tolerance: float,
    damping: float = 0.0,
    accelerate: bool = False,
    mode: CreditMode = "clamp",
    loss: Loss = "squared",
) -> Evaluation:
    """Measure a network on the samples it was trained on and those held out.

    Parameters
    ----------
    network : Network
    task : Task
    steps, tolerance, damping, accelerate, mode
        Settling, as in `settle_rates` and `settle_credit`.
    loss : {"squared", "cross-entropy"}

    Returns
    -------
    Evaluation
    """
    settling: dict[str, Any] = {"steps": steps, "tolerance": tolerance}
    settling |= {"damping": damping, "accelerate": accelerate}
    trained = settle_rates(network, task.stimuli, **settling)
    rates = settle_rates(network, task.held_out_stimuli, **settling)
    external = external_credit(network, rates, task.held_out_targets, loss=loss)
    credit = settle_credit(network, rates, external, mode=mode, **settling)
    accuracy = np.nan
    if task.kind == "classification":
        outputs = np.asarray(rates)[:, network.outputs]
        named = classes_of(outputs) == classes_of(task.held_out_targets)
        accuracy = float(named.mean())

    def mean_loss(rates: Rates, targets: Array) -> float:
        losses = target_loss(network, rates, targets, loss=loss)
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

    ``1 - |E - I| / (E + I)``, where E and I are the positive and the negative part of
    the neuron's input; mean over samples. Neurons without input count as balanced.

    Parameters
    ----------
    network : Network
    rates : Rates

    Returns
    -------
    (n - n_inputs,) array, each in [0, 1]
    """
    weights = _to_numpy(network.weights).astype(np.float64)[:, network.n_inputs :]
    values = np.asarray(rates, dtype=np.float64)
    # A negative rate (tanh) turns the sign of what its synapses bring.
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
    """Largest modulus of an eigenvalue of the weights."""
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


def _is_numpy(values: Array) -> bool:
    return isinstance(values, np.ndarray)


def _to_numpy(values: Array) -> NDArray[np.floating]:
    return np.asarray(to_device(values, "cpu"))


def _check_training(
    network: Network,
    task: Task,
    learning_rate: float,
    steps: int,
    batch_size: int,
    settling_steps: int,
) -> None:
    if not (np.isfinite(learning_rate) and learning_rate >= 0):
        raise ValueError(
            f"learning_rate must be finite and not negative, got {learning_rate}"
        )
    for name, number in (
        ("steps", steps),
        ("batch_size", batch_size),
        ("settling_steps", settling_steps),
    ):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    wanted = (task.n_inputs, task.n_outputs)
    if wanted != (network.n_inputs, network.n_outputs):
        raise ValueError(
            f"network must have the task's {wanted[0]} inputs and {wanted[1]} outputs, "
            f"got {network.n_inputs} and {network.n_outputs}"
        )


def _check_loss_and_targets(network: Network, task: Task, loss: Loss) -> None:
    check_loss(network, loss)
    lowest = min(task.targets.min(), task.held_out_targets.min())
    highest = max(task.targets.max(), task.held_out_targets.max())
    if loss == "cross-entropy" and (lowest < 0 or highest > 1):
        raise ValueError(
            "targets must lie from 0 to 1 for the cross-entropy, "
            f"got {lowest} to {highest}"
        )
