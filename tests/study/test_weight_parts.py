"""Mean weights within and across modules over training, against planted courses."""

import numpy as np
import pytest

from commstruct.study import weight_parts

LABELS = np.repeat([0, 1], 4)
SAME = LABELS[:, None] == LABELS[None, :]
OFF_DIAGONAL = ~np.eye(8, dtype=bool)


def test_planted_changes_and_a_decay_of_the_start_come_back() -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(8, 8))
    # Made unrelated to the start, so that each part is known.
    pattern = np.where(SAME, 2.0, -1.0) * OFF_DIAGONAL
    start -= pattern * ((start * pattern).sum() / (pattern**2).sum())
    growth, left = np.array([0.0, 0.1, 0.3, 0.4]), np.array([1.0, 0.9, 0.7, 0.6])
    course = growth[:, None, None] * pattern + left[:, None, None] * start
    found = weight_parts(course, LABELS, steps=[0, 10, 20, 40])
    np.testing.assert_allclose(found.learned_within, 2 * growth, atol=1e-12)
    np.testing.assert_allclose(found.learned_across, -growth, atol=1e-12)
    expected = left * start[SAME & OFF_DIAGONAL].mean()
    np.testing.assert_allclose(found.initial_within, expected, atol=1e-12)
    across = left * start[~SAME].mean()
    np.testing.assert_allclose(found.initial_across, across, atol=1e-12)
    # Half of 0.4 lies halfway between 0.1 at step 10 and 0.3 at step 20.
    assert found.half_steps() == pytest.approx({"within": 15.0, "across": 15.0})
    assert list(found.to_pandas()) == list(found.__dataclass_fields__)


def test_means_are_over_the_synapses_that_may_exist() -> None:
    possible = OFF_DIAGONAL.copy()
    possible[0] = False
    trained = np.ones((8, 8))
    trained[0] = 100.0
    found = weight_parts([np.zeros((8, 8)), trained], LABELS, possible=possible)
    assert found.learned_within.tolist() == [0.0, 1.0]
    assert found.learned_across.tolist() == [0.0, 1.0]
    still = weight_parts([trained, trained], LABELS, possible=possible)
    assert np.isnan(still.half_steps()["within"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.zeros((8, 8))}, r"\(checkpoints, n, n\) .* got shape \(8, 8\)"),
        ({"weights": np.full((2, 8, 8), np.nan)}, "weights must be finite"),
        ({"labels": [0, 1]}, r"one module per neuron \(8,\), got shape \(2,\)"),
        ({"labels": [0] * 8}, "56 within and 0 across"),
        ({"steps": [1, 1]}, r"2 rising numbers, got \[1, 1\]"),
        ({"possible": [True]}, r"possible must be \(8, 8\), got shape \(1,\)"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    change: dict[str, object], message: str
) -> None:
    given = {"weights": np.zeros((2, 8, 8)), "labels": LABELS, **change}
    with pytest.raises(ValueError, match=message):
        weight_parts(**given)  # type: ignore[arg-type]
