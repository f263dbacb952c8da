"""A run is saved, loaded and continued as if it had never been interrupted."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import sims
from sims.network import all_to_all, layered
from sims.task import association_task
from sims.train import Run, train

TASK = association_task(n_patterns=12, n_inputs=6, n_outputs=3, seed=0)
SETTINGS = {"learning_rate": 0.3, "batch_size": 5, "seed": 3}


def recurrent(**changes):
    settings = {"n_inputs": 6, "n_outputs": 3, "gain": 0.5, "seed": 1}
    return all_to_all(15, **(settings | changes))


def rates(step):
    return 0.3 / (1 + 0.1 * step)


def hinge(outputs, targets):
    return np.sign(targets - outputs)


def of_parts(excitation, inhibition):
    return 1 / (1 + excitation + inhibition)


SQUARE = sims.Activation("square", rate=np.square, balance=lambda h: 2 * h)
BIASED = layered([6, 5, 3], bias=True, dale=True, activation="tanh", seed=2)
RATES = np.random.default_rng(0).random((15, 15))

# network, options of training, functions that a file does not have
CASES = {
    "plain": (recurrent(), {}, {}),
    "bias and Dale's law": (BIASED, {}, {}),
    "momentum and noise": (
        recurrent(activation="tanh"),
        {"momentum": 0.7, "noise": (0.1, 0.05)},
        {},
    ),
    "momentum and bias": (BIASED, {"momentum": 0.7, "weight_decay": 0.1}, {}),
    "rates of synapses": (recurrent(), {"learning_rate": RATES}, {}),
    "schedule": (recurrent(), {"learning_rate": rates}, {"learning_rate": rates}),
    "external": (recurrent(), {"external": hinge}, {"external": hinge}),
    "balance by name": (recurrent(), {"balance": "tanh"}, {}),
    "balance of the rule": (recurrent(), {"balance": of_parts}, {"balance": of_parts}),
    "balance of the network": (
        replace(recurrent(), balance=of_parts),
        {},
        {"balance": of_parts},
    ),
    "activation": (
        recurrent(activation=SQUARE, gain=0.1),
        {"learning_rate": 0.01},
        {"activation": SQUARE},
    ),
}


def assert_same_run(one, other):
    for name in ("checkpoints", "weights", "history_steps", "history_loss"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.batch_loss, other.batch_loss)
    assert repr(one.evaluations) == repr(other.evaluations)
    assert one.diverged_at == other.diverged_at
    assert one.stopped_at == other.stopped_at
    if one.network.bias is not None:
        np.testing.assert_array_equal(one.network.bias, other.network.bias)


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_is_saved_and_extended_is_the_uninterrupted_one(case, tmp_path):
    network, options, own = CASES[case]
    options = SETTINGS | options
    whole = train(network, TASK, steps=230, checkpoints=[97, 160], **options)
    first = train(network, TASK, steps=97, **options)
    first.save(tmp_path / "run.npz")
    loaded = Run.load(tmp_path / "run.npz", **own)
    assert_same_run(loaded, first)
    for start in (first, loaded):
        assert_same_run(start.extend(133, checkpoints=[63]), whole)
    # and where a callback ended it
    stopped = train(
        network, TASK, steps=230, callback=lambda state: state.step == 97, **options
    )
    assert_same_run(stopped.extend(133, checkpoints=[63]), whole)
    assert not np.array_equal(whole.weights[-1], whole.weights[1])


def test_another_process_continues_a_run(tmp_path):
    first = train(recurrent(), TASK, steps=50, noise=0.1, **SETTINGS)
    first.save(tmp_path / "first.npz")
    code = (
        "import sys, sims; from pathlib import Path; folder = Path(sys.argv[1]);"
        "sims.Run.load(folder / 'first.npz').extend(30).save(folder / 'then.npz')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert_same_run(Run.load(tmp_path / "then.npz"), first.extend(30))


def test_a_diverged_run_is_kept_but_not_extended(tmp_path):
    run = train(
        recurrent(activation="tanh"),
        TASK,
        steps=30,
        **(SETTINGS | {"learning_rate": 3e38}),
    )
    assert run.diverged_at is not None
    run.save(tmp_path / "run.npz")
    loaded = Run.load(tmp_path / "run.npz")
    assert_same_run(loaded, run)
    with pytest.raises(ValueError, match=r"must not have diverged .* at step \d"):
        loaded.extend(3)


def test_the_weights_of_a_file_are_there_for_numpy(tmp_path):
    run = train(recurrent(), TASK, steps=4, checkpoints=2, **SETTINGS)
    run.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as file:
        np.testing.assert_array_equal(file["weights"], run.weights)
        assert file["checkpoints"].tolist() == [0, 2, 4]


def test_functions_that_a_file_does_not_have_are_asked_for(tmp_path):
    run = train(recurrent(), TASK, steps=3, **(SETTINGS | {"learning_rate": rates}))
    run.save(tmp_path / "run.npz")
    with pytest.raises(ValueError, match=r"learning_rate of this run is a function of"):
        Run.load(tmp_path / "run.npz")
    with pytest.raises(
        ValueError, match=r"activation of this run is what the file has"
    ):
        Run.load(tmp_path / "run.npz", learning_rate=rates, activation=SQUARE)


def test_what_is_no_file_of_a_run_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError, match=r"file of a run not found: .*run\.npz"):
        Run.load(path)
    train(recurrent(), TASK, steps=3, **SETTINGS).save(path)
    whole = path.read_bytes()
    damaged = (b"", b"text", whole[:-200], whole[: len(whole) // 2])
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.npz must be a run that was saved"):
            Run.load(path)
    np.savez(path, weights=np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"must be a run that was saved, got KeyError"):
        Run.load(path)
    np.savez(path, plain=np.array([{"format": "commstruct run 1"}], dtype=object))
    with pytest.raises(ValueError, match=r"must be a run that was saved, got ValueErr"):
        Run.load(path)  # pickled objects are never read


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "mask",
            np.zeros((15, 15), dtype=bool),
            r"weights must be 0 where mask is fal",
        ),
        ("weights", np.zeros((1, 15, 15)), r"must have weights of shape \(2, 15, 15\)"),
        ("task_targets", np.zeros((3, 3)), r"targets must have one row per stimulus"),
    ],
)
def test_altered_arrays_are_refused(tmp_path, name, values, message):
    path = tmp_path / "run.npz"
    train(recurrent(), TASK, steps=3, **SETTINGS).save(path)
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    np.savez(path, **(arrays | {name: values}))
    with pytest.raises(ValueError, match=message):
        Run.load(path)
