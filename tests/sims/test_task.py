"""Inputs and targets: what is in them, what is held out, what files may hold."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sims.task import (
    Task,
    association_task,
    classes_of,
    digits_task,
    parity_task,
    subtasks_task,
    task_from_file,
)


def test_digits_are_those_of_scikit_learn_split_by_class():
    task = digits_task()
    assert (task.n_inputs, task.n_outputs) == (64, 10)
    assert (len(task.stimuli), len(task.held_out_stimuli)) == (1198, 599)
    both = np.concatenate([task.stimuli, task.held_out_stimuli])
    images = load_digits().data / 16
    np.testing.assert_array_equal(
        np.sort(both.sum(axis=1)), np.sort(images.sum(axis=1))
    )
    assert both.min() == 0
    assert both.max() == 1
    for targets in (task.targets, task.held_out_targets):
        np.testing.assert_array_equal(targets.sum(axis=1), 1)
        shares = targets.mean(axis=0)
        assert (np.abs(shares - 0.1) < 0.01).all()
    assert task.chance_accuracy == pytest.approx(0.1, abs=0.01)


def test_digits_held_out_are_never_trained_on():
    task = digits_task()
    trained = {row.tobytes() for row in task.stimuli}
    assert not any(row.tobytes() in trained for row in task.held_out_stimuli)


def test_digits_of_another_size_show_the_same_images():
    eight, four, sixteen = (digits_task(size=size) for size in (8, 4, 16))
    squares = eight.stimuli.reshape(-1, 4, 2, 4, 2)
    means = squares.mean(axis=(2, 4)).reshape(-1, 16)
    np.testing.assert_allclose(four.stimuli, means, atol=1e-12)
    assert sixteen.n_inputs == 256
    np.testing.assert_array_equal(sixteen.targets, eight.targets)
    correlation = np.corrcoef(
        sixteen.stimuli.reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4)).ravel(),
        eight.stimuli.ravel(),
    )
    assert correlation[0, 1] > 0.95
    assert sixteen.stimuli.min() >= 0
    assert sixteen.stimuli.max() <= 1


def test_tasks_depend_on_the_seed_alone():
    for make in (digits_task, association_task, parity_task):
        one, same, other = make(seed=1), make(seed=1), make(seed=2)
        np.testing.assert_array_equal(one.stimuli, same.stimuli)
        np.testing.assert_array_equal(one.held_out_targets, same.held_out_targets)
        assert not np.array_equal(one.stimuli, other.stimuli)


def test_associations_hold_out_noisy_copies_of_what_is_trained():
    task = association_task(n_patterns=5, n_inputs=400, n_outputs=3, noise=0.1, seed=0)
    assert task.stimuli.shape == (5, 400)
    assert task.held_out_stimuli.shape == (50, 400)
    copies = np.repeat(task.stimuli, 10, axis=0)
    flipped = np.mean(copies != task.held_out_stimuli)
    assert flipped == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(task.held_out_targets[10:20], task.targets[[1] * 10])
    assert task.kind == "regression"
    assert task.chance_accuracy is None
    quiet = association_task(n_patterns=5, noise=0.0, seed=0)
    np.testing.assert_array_equal(quiet.held_out_stimuli[::10], quiet.stimuli)


def test_parity_is_the_number_of_ones():
    task = parity_task(n_bits=5, held_out=0.25, seed=0)
    stimuli = np.concatenate([task.stimuli, task.held_out_stimuli])
    targets = np.concatenate([task.targets, task.held_out_targets])
    assert len(np.unique(stimuli, axis=0)) == 32
    assert len(task.held_out_stimuli) == 8
    np.testing.assert_array_equal(classes_of(targets), stimuli.sum(axis=1) % 2)


def test_subtasks_are_parities_of_bits_of_their_own():
    task = subtasks_task(n_tasks=3, n_bits=2, n_samples=400, seed=5)
    assert (task.n_inputs, task.n_outputs, task.kind) == (6, 3, "regression")
    assert len(task.stimuli) + len(task.held_out_stimuli) == 400
    for sample, target in zip(task.stimuli, task.targets, strict=True):
        assert target.tolist() == [
            sample[0] != sample[1],
            sample[2] != sample[3],
            sample[4] != sample[5],
        ]
    # what one sub-task's bits are says nothing of another's target
    correlation = np.corrcoef(task.stimuli.T, task.targets.T)[:6, 6:]
    assert np.abs(correlation).max() < 0.25


def test_classes_are_the_largest_output_or_one_above_a_half():
    assert classes_of([[0.1, 0.7, 0.2], [3, 1, 2]]).tolist() == [1, 0]
    assert classes_of([[0.4], [0.6], [0.5]]).tolist() == [0, 1, 0]


def test_arrays_of_a_task_cannot_be_changed():
    task = parity_task(n_bits=3)
    with pytest.raises(ValueError, match="read-only"):
        task.stimuli[0, 0] = 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: digits_task(held_out=0), r"held_out must be between 0 and 1, got 0"),
        (lambda: digits_task(held_out=1.0), r"held_out must be between 0 and 1, got 1"),
        (lambda: digits_task(size=3), r"size must be from 4 to 64, got 3"),
        (lambda: digits_task(size=65), r"size must be from 4 to 64, got 65"),
        (lambda: association_task(n_inputs=0), r"n_inputs must be at least 1, got 0"),
        (lambda: association_task(noise=1.5), r"noise must be from 0 to 1, got 1.5"),
        (lambda: parity_task(n_bits=1), r"n_bits must be from 2 to 16, got 1"),
        (lambda: parity_task(n_bits=17), r"n_bits must be from 2 to 16, got 17"),
    ],
)
def test_tasks_refuse_what_is_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stimuli": np.ones(3)}, r"stimuli must be \(samples, neurons\).*\(3,\)"),
        ({"targets": np.ones((4, 0))}, r"targets must be .* got shape \(4, 0\)"),
        ({"stimuli": np.full((4, 2), np.nan)}, r"stimuli must be finite, got NaN"),
        ({"targets": np.ones((3, 1))}, r"targets must have one row per .*\(4\), got 3"),
        (
            {"held_out_targets": np.ones((1, 1))},
            r"held_out_targets must have one row per stimulus \(2\), got 1",
        ),
        (
            {"held_out_stimuli": np.ones((2, 5))},
            r"held_out_stimuli must have 2 columns, got 5",
        ),
        ({"kind": "ranking"}, r"kind must be 'classification' or 'regr.*got 'ranking'"),
    ],
)
def test_task_refuses_arrays_that_do_not_fit(changes, message):
    arrays = {
        "stimuli": np.ones((4, 2)),
        "targets": np.ones((4, 1)),
        "held_out_stimuli": np.ones((2, 2)),
        "held_out_targets": np.ones((2, 1)),
    }
    Task("fits", **arrays)
    with pytest.raises(ValueError, match=message):
        Task("does not", **arrays | changes)


# Files


def write_npz(path, **arrays):
    np.savez(path / "task.npz", **arrays)
    return path / "task.npz"


def write_csv(path, text):
    (path / "task.csv").write_text(text, encoding="utf-8")
    return path / "task.csv"


STIMULI = np.arange(24.0).reshape(12, 2)


def test_words_and_whole_numbers_name_classes(tmp_path):
    names = np.array(["b", "a", "c"] * 4)
    for targets in (names, np.array([7, 3, 9] * 4), np.array([[7], [3], [9]] * 4)):
        task = task_from_file(write_npz(tmp_path, stimuli=STIMULI, targets=targets))
        assert task.kind == "classification"
        assert task.n_outputs == 3
        # in order, a (or 3) first: STIMULI row i has the class of i modulo 3
        row = task.stimuli[:, 0].astype(int) // 2
        np.testing.assert_array_equal(
            classes_of(task.targets), np.array([1, 0, 2])[row % 3]
        )
        assert len(task.held_out_stimuli) == 4
        assert task.name == "task"


def test_numbers_are_a_regression(tmp_path):
    targets = STIMULI @ [[1.0], [0.5]]
    for values in (targets, targets[:, 0], np.hstack([targets, -targets])):
        task = task_from_file(write_npz(tmp_path, stimuli=STIMULI, targets=values))
        assert task.kind == "regression"
        assert task.n_outputs == (values.shape[1] if values.ndim == 2 else 1)
        np.testing.assert_allclose(task.targets[:, 0], task.stimuli @ [1.0, 0.5])


def test_one_hot_columns_are_classes(tmp_path):
    targets = np.eye(3)[np.arange(12) % 3]
    task = task_from_file(write_npz(tmp_path, stimuli=STIMULI, targets=targets))
    assert task.kind == "classification"


def test_a_file_may_say_what_is_held_out(tmp_path):
    path = write_npz(
        tmp_path,
        stimuli=STIMULI,
        targets=np.array(["a", "b", "c"] * 4),
        held_out_stimuli=STIMULI[:2] + 100,
        held_out_targets=np.array(["c", "a"]),
    )
    task = task_from_file(path)
    np.testing.assert_array_equal(task.stimuli, STIMULI)
    np.testing.assert_array_equal(task.held_out_stimuli, STIMULI[:2] + 100)
    np.testing.assert_array_equal(task.held_out_targets, [[0, 0, 1], [1, 0, 0]])


def test_csv_columns_are_inputs_and_targets(tmp_path):
    rows = "\n".join(f"{i},{i * i / 7},{i % 2}" for i in range(10))
    task = task_from_file(write_csv(tmp_path, f"a,b,target\n{rows}\n"))
    assert (task.n_inputs, task.n_outputs, task.kind) == (2, 2, "classification")
    rows = "\n".join(f"{i / 3},{i},{i / 2}" for i in range(10))
    path = write_csv(tmp_path, f"target_x,a,target_y\n{rows}\n")
    task = task_from_file(path.rename(tmp_path / "task.CSV"))
    assert (task.n_inputs, task.n_outputs, task.kind) == (1, 2, "regression")
    np.testing.assert_allclose(task.targets, task.stimuli @ [[1 / 3, 1 / 2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"is not a readable table: No columns"),
        ("a,b\n1,2\n", r"must have a column 'target' .* got the columns a, b"),
        ("target\n1\n2\n", r"and at least one more, got the columns target"),
        ("a,target\n1,2\n,3\n", r"must have no empty cell, got one in line 3"),
        ("a,target\n" + "x,1\ny,0\n" * 6, r"stimuli must be numbers, got could not"),
        ("a,target\n" + "1,7\n" * 6, r"at least two classes, got only '7'"),
        ("a,target\n1,2,3,4\n1\n", r"is not a readable table|must"),
    ],
)
def test_csv_that_is_no_task_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        task_from_file(write_csv(tmp_path, text))


def test_npz_that_is_no_task_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must hold the arrays .*; missing: targets"):
        task_from_file(write_npz(tmp_path, stimuli=STIMULI))
    arrays = {"stimuli": STIMULI, "targets": STIMULI, "held_out_stimuli": STIMULI}
    with pytest.raises(ValueError, match=r"missing: held_out_targets"):
        task_from_file(write_npz(tmp_path, **arrays))
    with pytest.raises(ValueError, match=r"one row per stimulus \(12\), got 5"):
        task_from_file(write_npz(tmp_path, stimuli=STIMULI, targets=STIMULI[:5]))
    arrays |= {"held_out_targets": STIMULI[:, :1]}
    with pytest.raises(ValueError, match=r"held_out_targets must have rows like targ"):
        task_from_file(write_npz(tmp_path, **arrays))
    objects = np.array([{"a": 1}] * 12)
    with pytest.raises(ValueError, match=r"is not a readable .npz .*allow_pickle"):
        task_from_file(write_npz(tmp_path, stimuli=STIMULI, targets=objects))


def damaged(path: Path, kind: str) -> Path:
    data = path.read_bytes()
    if kind == "array alone":
        with path.open("wb") as file:
            np.save(file, STIMULI)
    else:
        path.write_bytes({"empty": b"", "torn": data[:300], "text": b"a,b\n1"}[kind])
    return path


@pytest.mark.parametrize("kind", ["empty", "torn", "text", "array alone"])
def test_damaged_npz_is_refused(tmp_path, kind):
    path = write_npz(tmp_path, stimuli=STIMULI, targets=STIMULI)
    with pytest.raises(ValueError, match=r"task.npz is not a readable .npz of arrays"):
        task_from_file(damaged(path, kind))


def test_npz_with_a_flipped_byte_is_refused_or_read(tmp_path):
    path = tmp_path / "task.npz"
    np.savez_compressed(path, stimuli=STIMULI, targets=STIMULI)
    data = path.read_bytes()
    messages = []
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            task_from_file(path)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > len(data) / 12
    assert all("task.npz" in message for message in messages)


def test_missing_files_and_other_kinds_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"task file not found: .*none.npz"):
        task_from_file(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError, match=r"task file not found"):
        task_from_file(tmp_path)
    (tmp_path / "task.txt").write_text("a")
    with pytest.raises(ValueError, match=r"must end in .npz or .csv, got task.txt"):
        task_from_file(tmp_path / "task.txt")
