"""Results as plain data, and back."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from commstruct.plain import plain_data, restored


@dataclass(frozen=True)
class Inner:
    side: Literal["left", "right"]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    by_seed: dict[int, float]
    pair: tuple[str, int] | None
    extra: float = 1.0


def test_what_was_made_plain_is_made_again() -> None:
    one = Outer(
        inner=(Inner("left", np.array([1.5, math.nan])),),
        by_seed={3: 0.25, 4: math.nan},
        pair=("a", 2),
    )
    content = plain_data(one)
    again = restored(Outer, content)
    assert plain_data(again) == content
    assert again.pair == ("a", 2)
    assert list(again.by_seed) == [3, 4]
    assert math.isnan(again.by_seed[4])
    values = again.inner[0].values
    np.testing.assert_array_equal(values, [1.5, math.nan])
    assert values.dtype == np.float64
    assert not values.flags.writeable


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pair": ["a"]}, r"pair: must be a list of 2, got \['a'\]"),
        ({"pair": [1, 2]}, "pair: must be of type str, got 1"),
        ({"by_seed": [1]}, r"by_seed: must be an object, got \[1\]"),
        ({"by_seed": {"3": "x"}}, "by_seed: must be a number, got 'x'"),
        ({"inner": [{"side": "up"}]}, r"inner: side: must be one of \('left'"),
        ({"inner": [{"side": "left", "values": "x"}]}, "must be an array of float64"),
        ({"inner": [{"side": "left"}]}, "Inner must have values, got none"),
        ({"inner": 3}, "inner: must be a list, got 3"),
        ({"extra": True}, "extra: must be a number, got True"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str) -> None:
    content = {"inner": [], "by_seed": {}, "pair": None}
    assert restored(Outer, content).extra == 1.0
    with pytest.raises(ValueError, match=message):
        restored(Outer, {**content, **change})


def test_a_choice_of_two_sets_of_words_may_be_of_either() -> None:
    kind = Literal["a", "b"] | Literal["c"]
    assert [restored(kind, word) for word in "abc"] == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"must be one of \('a', 'b', 'c'\), got 'd'"):
        restored(kind, "d")
