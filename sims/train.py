"""One run: a network learns a task by the credit rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sims.credit import CreditMode, Rates, settle_credit, settle_rates
from sims.network import Network
from sims.step import TrainingStep
from sims.task import Task, classes_of

FloatVector = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """How a network does at one moment.

    Attributes
    ----------
    training_loss, held_out_loss : float
        Half the squared error, summed over outputs, mean over samples.
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
        The last finite weights.
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
        Training loss, mean over the batches since the previous entry.
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
    credit_mode: CreditMode = "clamp",
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Train a network by the credit rule on random batches.

    Every step draws a batch, settles the rates, settles the credit from the outputs'
    errors, and changes the weights by the learning rate times `weight_change`. The
    batches depend on `seed` alone, so learning rates are compared on equal stimuli.

    Parameters
    ----------
    network : Network
        Start; it is not changed. numpy arrays.
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
    credit_mode : {"clamp", "inject"}
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
    marks = checkpoint_steps(checkpoints, steps)
    settings = {"steps": settling_steps, "tolerance": tolerance}
    learn = TrainingStep(
        network,
        batch_size=batch_size,
        learning_rate=learning_rate,
        settling_steps=settling_steps,
        tolerance=tolerance,
        mode=credit_mode,
    )
    dtype = network.weights.dtype
    stimuli, targets = task.stimuli.astype(dtype), task.targets.astype(dtype)
    batches = _Batches(len(stimuli), batch_size, np.random.default_rng(seed))
    stimulus = np.empty((batch_size, stimuli.shape[1]), dtype=dtype)
    target = np.empty((batch_size, targets.shape[1]), dtype=dtype)

    weights = np.full((len(marks), *network.weights.shape), np.nan, dtype=dtype)
    evaluations: list[Evaluation | None] = [None] * len(marks)
    every = max(1, steps // 100)
    loss_sum, history = 0.0, []
    diverged_at, last = None, network
    # A run that grows without bound passes infinity on its way; it is caught below.
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps + 1):
            if step in marks:
                last = learn.network()
                place = marks.index(step)
                weights[place] = last.weights
                evaluations[place] = evaluate(last, task, mode=credit_mode, **settings)
            if step == steps:
                break
            chosen = batches.draw()
            np.take(stimuli, chosen, axis=0, out=stimulus)
            np.take(targets, chosen, axis=0, out=target)
            loss = learn(stimulus, target)
            if not np.isfinite(loss):
                diverged_at = step + 1
                last = learn.network()
                break
            loss_sum += loss
            if (step + 1) % every == 0:
                history.append((step + 1, loss_sum / every))
                loss_sum = 0.0
                if progress is not None:
                    progress(every)
    recorded = np.array(history, dtype=np.float64).reshape(-1, 2)
    return Run(
        network=last,
        learning_rate=learning_rate,
        seed=seed,
        checkpoints=np.array(marks, dtype=np.int64),
        weights=weights,
        evaluations=tuple(evaluations),
        history_steps=recorded[:, 0].astype(np.int64),
        history_loss=recorded[:, 1],
        diverged_at=diverged_at,
    )


def evaluate(
    network: Network,
    task: Task,
    *,
    steps: int,
    tolerance: float,
    mode: CreditMode = "clamp",
) -> Evaluation:
    """Measure a network on the samples it was trained on and those held out.

    Parameters
    ----------
    network : Network
    task : Task
    steps, tolerance, mode
        Settling, as in `settle_rates` and `settle_credit`.

    Returns
    -------
    Evaluation
    """
    first_output = network.n_neurons - network.n_outputs
    trained = settle_rates(network, task.stimuli, steps=steps, tolerance=tolerance)
    rates = settle_rates(
        network, task.held_out_stimuli, steps=steps, tolerance=tolerance
    )
    outputs = rates.values[:, first_output:]
    external = task.held_out_targets.astype(outputs.dtype) - outputs
    credit = settle_credit(
        network, rates, external, steps=steps, tolerance=tolerance, mode=mode
    )
    accuracy = np.nan
    if task.kind == "classification":
        named = classes_of(outputs) == classes_of(task.held_out_targets)
        accuracy = float(named.mean())
    return Evaluation(
        training_loss=_loss(task.targets - trained.values[:, first_output:]),
        held_out_loss=_loss(external),
        held_out_accuracy=accuracy,
        settled_rates=float(rates.settled.mean()),
        settled_credit=float(credit.settled.mean()),
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
    weights = np.asarray(network.weights, dtype=np.float64)[:, network.n_inputs :]
    values = np.asarray(rates.values, dtype=np.float64)
    # A negative rate (tanh) turns the sign of what its synapses bring.
    up, down = np.maximum(weights, 0), np.maximum(-weights, 0)
    on, below = np.maximum(values, 0), np.maximum(-values, 0)
    excitation = on @ up + below @ down
    inhibition = on @ down + below @ up
    if network.bias is not None:
        bias = np.asarray(network.bias, dtype=np.float64)[network.n_inputs :]
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
    """Largest modulus of an eigenvalue of the weights, NaN if they are not finite."""
    weights = np.asarray(network.weights, dtype=np.float64)
    # Nothing drives the clamped inputs, so they add only zero eigenvalues.
    recurrent = weights[network.n_inputs :, network.n_inputs :]
    if not np.isfinite(recurrent).all():
        return float("nan")
    return float(np.abs(np.linalg.eigvals(recurrent)).max())


def checkpoint_steps(checkpoints: int | Sequence[int], steps: int) -> list[int]:
    """Steps at which weights are kept: always the start and the end.

    Raises
    ------
    ValueError
        If a checkpoint lies outside the training.
    """
    if isinstance(checkpoints, int):
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

    def __init__(self, n_samples: int, size: int, rng: np.random.Generator) -> None:
        self._n_samples, self._size, self._rng = n_samples, size, rng
        self._order = np.empty(0, dtype=np.int64)

    def draw(self) -> NDArray[np.int64]:
        if len(self._order) < self._size:
            # Fewer samples than a batch holds: a batch spans several rounds.
            rounds = -(-self._size // self._n_samples)
            self._order = np.concatenate(
                [self._rng.permutation(self._n_samples) for _ in range(rounds)]
            )
        batch, self._order = self._order[: self._size], self._order[self._size :]
        return batch


def _loss(error: NDArray[np.floating]) -> float:
    return float(0.5 * np.square(error, dtype=np.float64).sum(axis=1).mean())


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
