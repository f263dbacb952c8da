"""Training: a network learns a task by the credit rule, and the result is a run."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commstruct.plain import plain_data
from commstruct.result import Result
from commstruct.vocabulary import FloatVector
from sims.activation import Activation, Array
from sims.batches import History
from sims.evaluation import Evaluation, to_numpy
from sims.loss import OwnLoss, squared_error
from sims.network import Network
from sims.rule import RULE, Rule
from sims.run_file import (
    DAMAGE,
    pack_evaluation,
    pack_training,
    read_run_file,
    unpack_evaluation,
    unpack_training,
    write_run_file,
)
from sims.stages import (
    HISTORY_ENTRIES,
    Callback,
    LearningRate,
    Schedule,
    StepState,
    TrainingState,
    checkpoint_steps,
    train_in_stages,
)
from sims.task import Task


@dataclass(frozen=True, eq=False, repr=False)
class Run(Result):
    """A completed training: its checkpoints, its loss, and the trained network.

    Attributes
    ----------
    network : Network
        After training; if the run diverged, at the last checkpoint it reached.
    learning_rate : float, (n, n) array or callable
    seed : int
    checkpoints : (k,) array of int
        Training steps done at each checkpoint, first 0. If a callback ended the
        training, that step is the last.
    weights : (k, n, n) array
        Weights at each checkpoint; NaN at those that a diverged run did not reach.
    evaluations : tuple of k Evaluation or None
        At each checkpoint; None at those that were not evaluated or that a diverged run
        did not reach.
    history_steps : (m,) array of int
    history_loss : (m,) array
        Training loss, mean over the batches since the previous entry. At most about
        100 entries, however long the training.
    diverged_at : int or None
        Step at which rates, credit or weights stopped being finite numbers.
    stopped_at : int or None
        Step after which a callback ended the training.
    batch_loss : (s,) array
        Loss of the batch of every step, before the weights changed.
    task : Task
    rule : Rule
    schedule : Schedule
    state : TrainingState
        With which the training continues (`extend`).

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
    >>> run.extend(10).checkpoints.tolist()
    [0, 10, 20, 30]
    """

    network: Network
    learning_rate: LearningRate
    seed: int
    checkpoints: NDArray[np.int64]
    weights: NDArray[np.floating]
    evaluations: tuple[Evaluation | None, ...]
    history_steps: NDArray[np.int64]
    history_loss: FloatVector
    diverged_at: int | None
    stopped_at: int | None
    batch_loss: FloatVector
    task: Task
    rule: Rule
    schedule: Schedule
    state: TrainingState

    def _summary(self) -> dict[str, Any]:
        rate = self.learning_rate
        last = [one for one in self.evaluations if one is not None][-1:]
        return {
            "neurons": self.network.n_neurons,
            "task": self.task.name,
            "learning_rate": rate if np.isscalar(rate) else type(rate).__name__,
            "steps": self.state.step,
            "checkpoints": len(self.checkpoints),
            "training_loss": last[0].training_loss if last else None,
            "held_out_accuracy": last[0].held_out_accuracy if last else None,
            "diverged_at": self.diverged_at,
            "stopped_at": self.stopped_at,
            "seed": self.seed,
        }

    def _preview(self) -> pd.DataFrame:
        return self.to_pandas()

    def to_dict(self) -> dict[Any, Any]:
        """Return the summary, the evaluations and the losses as plain values.

        The weights are left out: `save` keeps them, and all that the run continues
        with.
        """
        rows = {"evaluations": self.to_pandas(), "history_steps": self.history_steps}
        content = {**self._summary(), **rows, "history_loss": self.history_loss}
        plain: dict[Any, Any] = plain_data(content)
        return plain

    def extend(
        self,
        steps: int,
        *,
        checkpoints: int | Sequence[int] = 1,
        callback: Callback | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> "Run":
        """Continue the training.

        Weights, losses and evaluations are bit for bit those of one uninterrupted
        training with the same checkpoints.

        Parameters
        ----------
        steps : int
            Further steps.
        checkpoints : int or sequence of int
            As in `train`, counted from the end of this run.
        callback, progress
            As in `train`; those of this run are not called again.

        Returns
        -------
        Run
            With the checkpoints of this run and the further ones.

        Raises
        ------
        ValueError
            If this run diverged, or an argument is out of range.
        """
        if self.diverged_at is not None:
            raise ValueError(
                "a run must not have diverged to be extended, "
                f"got one that diverged at step {self.diverged_at}"
            )
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        done = self.state.step
        further = [done + step for step in checkpoint_steps(checkpoints, steps)]
        schedule = replace(
            self.schedule,
            steps=done + steps,
            checkpoints=sorted({*self.checkpoints.tolist(), *further}),
        )
        # Entries of the history depend on the number of steps: make them anew.
        history = _history(self.batch_loss, done + steps)
        entries, losses = history.arrays()
        state = replace(
            self.state,
            history_steps=entries,
            history_loss=losses,
            position={**self.state.position, "history": history.position()},
            stopped=False,
        )
        return _train(
            state.network,
            self.task,
            self.rule,
            schedule,
            callback=callback,
            progress=progress,
            earlier=replace(self, state=state),
        )

    def save(self, path: str | Path) -> None:
        """Write the run to one file, from which `load` makes it again.

        The file is of numpy's `.npz` format, with the weights at the checkpoints as
        ``weights`` and the samples of the task. Functions of your own (activation,
        balance, loss, learning rate) are not written; `load` takes them again.

        Parameters
        ----------
        path : str or Path
            Replaced if it exists, whole or not at all.
        """
        arrays, plain = pack_training(self.task, self.rule, self.schedule, self.state)
        arrays |= {
            "weights": self.weights,
            "checkpoints": self.checkpoints,
            "history_steps": self.history_steps,
            "history_loss": self.history_loss,
            "batch_loss": self.batch_loss,
        }
        evaluations = [pack_evaluation(one) for one in self.evaluations]
        write_run_file(path, arrays, {**plain, "evaluations": evaluations})

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        activation: Activation | None = None,
        balance: Callable[..., Array] | None = None,
        loss: OwnLoss | None = None,
        external: Callable[[Array, Array], Array] | None = None,
        learning_rate: Callable[[int], float | Array] | None = None,
    ) -> "Run":
        """Read a run that was saved; nothing in the file is executed.

        Parameters
        ----------
        path : str or Path
        activation, balance, loss, external, learning_rate
            Functions of your own that the run was trained with.

        Returns
        -------
        Run
            Of numpy arrays, whatever the library of the saved one.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a saved run, is damaged, or needs a function that is not given.
        """
        arrays, plain = read_run_file(path)
        own = {
            "activation": activation,
            "balance": balance,
            "loss": loss if external is None else _loss_of(external),
            "learning_rate": learning_rate,
        }
        try:
            task, rule, schedule, state = unpack_training(arrays, plain, own)
            run = cls(
                network=state.network,
                learning_rate=schedule.learning_rate,
                seed=schedule.seed,
                checkpoints=arrays["checkpoints"],
                weights=arrays["weights"],
                evaluations=tuple(
                    unpack_evaluation(one) for one in plain["evaluations"]
                ),
                history_steps=arrays["history_steps"],
                history_loss=arrays["history_loss"],
                diverged_at=state.diverged_at,
                stopped_at=state.step if state.stopped else None,
                batch_loss=arrays["batch_loss"],
                task=task,
                rule=rule,
                schedule=schedule,
                state=state,
            )
        except DAMAGE as error:
            raise ValueError(f"{path} is not a usable run: {error}") from None
        n_checkpoints, n_neurons = len(run.checkpoints), run.network.n_neurons
        shape = (n_checkpoints, n_neurons, n_neurons)
        if run.weights.shape != shape or len(run.evaluations) != n_checkpoints:
            raise ValueError(
                f"{path} must have weights of shape {shape} and as many evaluations, "
                f"got {run.weights.shape} and {len(run.evaluations)}"
            )
        return run

    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues of the weights among the neurons that are not inputs.

        Returns
        -------
        (k, n - n_inputs) array of complex
            At every checkpoint, by falling modulus; NaN at those that a diverged run
            did not reach. The inputs, which nothing drives, would add zeros.
        """
        n_inputs = self.network.n_inputs
        recurrent = self.weights[:, n_inputs:, n_inputs:].astype(np.float64)
        found = np.full(recurrent.shape[:2], np.nan, dtype=np.complex128)
        reached = np.isfinite(recurrent).all(axis=(1, 2))
        values = np.linalg.eigvals(recurrent[reached]).astype(np.complex128)
        order = np.argsort(-np.abs(values), axis=1, kind="stable")
        found[reached] = np.take_along_axis(values, order, axis=1)
        return found

    def to_pandas(self) -> pd.DataFrame:
        """Table of the evaluations.

        Returns
        -------
        DataFrame
            One row per checkpoint: ``step`` and the measures of `Evaluation`, NaN where
            the checkpoint was not evaluated.
        """
        names = list(Evaluation.__dataclass_fields__)
        rows = [
            [step, *(np.nan if one is None else getattr(one, name) for name in names)]
            for step, one in zip(
                self.checkpoints.tolist(), self.evaluations, strict=True
            )
        ]
        return pd.DataFrame(rows, columns=["step", *names])


def train(
    network: Network,
    task: Task,
    rule: Rule = RULE,
    *,
    learning_rate: LearningRate,
    steps: int,
    batch_size: int = 32,
    seed: int = 0,
    checkpoints: int | Sequence[int] = 1,
    evaluate_every: int | None = None,
    callback: Callback | None = None,
    external: Callable[[Array, Array], Array] | None = None,
    noise: float | tuple[float, float] = 0.0,
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
    learning_rate : float, (n, n) array or callable
        Change of a weight per step and unit of `weight_change`. An array has the rate
        of every synapse; biases then do not change. A callable gives a number or an
        array from the number of steps done before, 0 at first.
    steps : int
        Training steps.
    batch_size : int
        Samples in a batch. The samples are shuffled and dealt out batch by batch, then
        shuffled again.
    seed : int
        Decides the batches, and the noise.
    checkpoints : int or sequence of int
        How many checkpoints after the start, evenly spaced, or at which steps. The
        start (step 0) and the end are always among them.
    evaluate_every : int, optional
        Fewest steps between two evaluations; checkpoints in between are not evaluated,
        only the start and the end always are. 0 for no evaluation at all, None to
        evaluate every checkpoint.
        An evaluation of 1000 neurons takes as long as some 70 steps.
    callback : callable, optional
        Called after every step with a `StepState`. Returns None or False to go on, True
        to end the training after this step, or a `Network` of the same neurons to go on
        with, such as one whose mask has fewer or more synapses.
    external : callable, optional
        External credit of your own, ``external(outputs, targets)``, from (batch,
        n_outputs) rates and targets to as many values. The loss that is reported is
        then still the squared error; ``loss=OwnLoss(value, credit)`` reports another.
    noise : float or (float, float)
        Standard deviation of normal noise on the rates and on the credit of all neurons
        that are not clamped (a pair: of each), ``x = f(h) + noise``. It is drawn anew
        in every step for every sample and neuron, and stays the same while rates or
        credit settle. Evaluations have none. The numbers come from
        ``default_rng(SeedSequence(seed).spawn(1)[0])``, (batch, n) of the rates, then
        of the credit.
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
    StepState : What a callback sees.
    train_in_stages : Has one checkpoint in memory at a time.
    evaluate : Measure a network without training it.
    run_sweep : Train over learning rates and seeds, into a store.

    Notes
    -----
    Noise, momentum, rates of synapses, damping, acceleration and a balance function of
    excitation and inhibition are computed by the pure functions of the rule, whose
    steps take two to three times as long.

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
    rule = rule.with_fields(**fields)
    if external is not None:
        if rule.loss != "squared":
            raise ValueError(
                "external replaces the loss of the rule, which must then be 'squared', "
                f"got {rule.loss!r}"
            )
        rule = replace(rule, loss=_loss_of(external))
    schedule = Schedule(
        learning_rate=learning_rate,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        checkpoints=checkpoints,
        noise=noise,
        evaluate_every=evaluate_every,
    )
    return _train(network, task, rule, schedule, callback=callback, progress=progress)


def _loss_of(external: Callable[[Array, Array], Array]) -> OwnLoss:
    return OwnLoss(value=squared_error, credit=external, name="squared")


def _history(batch_loss: FloatVector, steps: int) -> History:
    """History of the loss of the first steps of a training of `steps` steps."""
    history = History(every=max(1, steps // HISTORY_ENTRIES), progress=None)
    for step, loss in enumerate(batch_loss.tolist(), start=1):
        history.add(step, loss)
    return history


def _train(
    network: Network,
    task: Task,
    rule: Rule,
    schedule: Schedule,
    *,
    callback: Callback | None,
    progress: Callable[[int], None] | None,
    earlier: Run | None = None,
) -> Run:
    """Train by a schedule, from the end of an earlier run if there is one."""
    marks = schedule.marks
    dtype = to_numpy(network.weights[:0]).dtype
    weights = np.full((len(marks), *network.weights.shape), np.nan, dtype=dtype)
    evaluations: list[Evaluation | None] = [None] * len(marks)
    losses = array("d")
    if earlier is not None:
        known = len(earlier.checkpoints)
        weights[:known], evaluations[:known] = earlier.weights, earlier.evaluations
        losses.extend(earlier.batch_loss.tolist())

    def watch(state: StepState) -> "bool | Network | None":
        losses.append(state.loss)
        return None if callback is None else callback(state)

    state = None
    for state in train_in_stages(
        network,
        task,
        rule,
        schedule,
        callback=watch,
        progress=progress,
        resume=None if earlier is None else earlier.state,
    ):
        if state.stopped and state.step not in marks:
            marks = sorted([*marks, state.step])
            weights = np.insert(weights, marks.index(state.step), np.nan, axis=0)
            evaluations.insert(marks.index(state.step), None)
        index = marks.index(state.step)
        weights[index] = to_numpy(state.network.weights)
        evaluations[index] = state.evaluation
    assert state is not None
    if state.stopped:
        reached = marks.index(state.step) + 1
        marks, weights = marks[:reached], weights[:reached]
        evaluations = evaluations[:reached]
    return Run(
        network=state.network,
        learning_rate=schedule.learning_rate,
        seed=schedule.seed,
        checkpoints=np.array(marks, dtype=np.int64),
        weights=weights,
        evaluations=tuple(evaluations),
        history_steps=state.history_steps,
        history_loss=state.history_loss,
        diverged_at=state.diverged_at,
        stopped_at=state.step if state.stopped else None,
        batch_loss=np.frombuffer(losses, dtype=np.float64),
        task=task,
        rule=rule,
        schedule=schedule,
        state=state,
    )
