"""One run: a network learns a task by the credit rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import to_device
from numpy.typing import DTypeLike, NDArray
from threadpoolctl import threadpool_limits

from sims.activation import Array
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
    _check_training(network, task, learning_rate, steps, batch_size, settling_steps)
    if not tolerance >= 0:
        raise ValueError(f"tolerance must not be negative, got {tolerance}")
    check_damping(damping)
    _check_loss_and_targets(network, task, loss)
    marks = checkpoint_steps(checkpoints, steps)
    settings: dict[str, Any] = {
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "settling_steps": settling_steps,
        "tolerance": tolerance,
        "mode": credit_mode,
        "loss": loss,
    }
    learn: TrainingStep | ArrayStep
    if _is_numpy(network.weights) and not (damping or accelerate):
        learn = TrainingStep(network, **settings)
    else:
        learn = ArrayStep(network, **settings, damping=damping, accelerate=accelerate)
    dtype = _to_numpy(network.weights[:0]).dtype
    batches = _Batches(task, batch_size, dtype, np.random.default_rng(seed))
    weights = np.full((len(marks), *network.weights.shape), np.nan, dtype=dtype)
    evaluations: list[Evaluation | None] = [None] * len(marks)
    history = _History(every=max(1, steps // 100), progress=progress)
    diverged_at, last = None, network
    with threadpool_limits(1, user_api="blas"):
        for step in range(steps + 1):
            if step in marks:
                last, place = learn.network(), marks.index(step)
                weights[place] = _to_numpy(last.weights)
                evaluations[place] = evaluate(
                    last,
                    task,
                    steps=settling_steps,
                    tolerance=tolerance,
                    damping=damping,
                    accelerate=accelerate,
                    mode=credit_mode,
                    loss=loss,
                )
            if step == steps:
                break
            batch_loss = learn(*batches.draw())
            if not np.isfinite(batch_loss):
                diverged_at = step + 1
                break
            history.add(step + 1, batch_loss)
        history.close()
    return Run(
        network=last,
        learning_rate=learning_rate,
        seed=seed,
        checkpoints=np.array(marks, dtype=np.int64),
        weights=weights,
        evaluations=tuple(evaluations),
        history_steps=np.array(history.steps, dtype=np.int64),
        history_loss=np.array(history.losses, dtype=np.float64),
        diverged_at=diverged_at,
    )


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


class _Batches:
    """Samples in shuffled rounds, batch by batch; a round's remainder is skipped."""

    def __init__(
        self, task: Task, size: int, dtype: DTypeLike, rng: np.random.Generator
    ) -> None:
        self._stimuli, self._targets = (
            task.stimuli.astype(dtype),
            task.targets.astype(dtype),
        )
        self._stimulus = np.empty((size, task.n_inputs), dtype=dtype)
        self._target = np.empty((size, task.n_outputs), dtype=dtype)
        self._size, self._rng = size, rng
        self._samples = np.arange(len(self._stimuli))
        # Fewer samples than a batch holds: a batch spans several rounds.
        rounds = -(-size // len(self._samples))
        self._order = np.tile(self._samples, (rounds, 1))
        self._next = self._order.size

    def draw(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Stimulus and target of the next batch, in the same memory every time."""
        if self._next + self._size > self._order.size:
            for round_ in self._order:
                round_[:] = self._samples
                self._rng.shuffle(round_)
            self._next = 0
        chosen = self._order.reshape(-1)[self._next : self._next + self._size]
        self._next += self._size
        # mode="clip" only keeps numpy from allocating; every index is in range
        np.take(self._stimuli, chosen, axis=0, out=self._stimulus, mode="clip")
        np.take(self._targets, chosen, axis=0, out=self._target, mode="clip")
        return self._stimulus, self._target


class _History:
    """Mean training loss, one entry every so many steps and one for the rest."""

    def __init__(self, every: int, progress: Callable[[int], None] | None) -> None:
        self.steps: list[int] = []
        self.losses: list[float] = []
        self._every, self._progress = every, progress
        self._last, self._sum, self._count = 0, 0.0, 0

    def add(self, step: int, loss: float) -> None:
        self._last, self._sum, self._count = step, self._sum + loss, self._count + 1
        if self._count == self._every:
            self.close()

    def close(self) -> None:
        if self._count == 0:
            return
        self.steps.append(self._last)
        self.losses.append(self._sum / self._count)
        if self._progress is not None:
            self._progress(self._count)
        self._sum, self._count = 0.0, 0


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
