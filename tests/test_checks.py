"""Tests of checks.py: what is refused, with which message, and independent seeds."""

import numpy as np
import pytest

from commstruct.checks import (
    check_choice,
    check_counts,
    check_positive,
    check_seed,
    check_shares,
    spawn_seeds,
)


def test_seeds_are_independent_and_the_first_do_not_depend_on_their_number():
    assert spawn_seeds(7, 3) == spawn_seeds(7, 20)[:3]
    assert len(set(spawn_seeds(7, 20) + spawn_seeds(8, 20))) == 40


@pytest.mark.parametrize("seed", [-1, 1.5, None, True, "1"])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer from 0 up, got"):
        spawn_seeds(seed, 2)


def test_numpy_integers_are_integers():
    check_seed(np.int32(3))
    check_counts(workers=np.int64(1))


@pytest.mark.parametrize("number", [1.0, True, "1", None])
def test_counts_must_be_integers(number):
    with pytest.raises(TypeError, match="workers must be an integer, got"):
        check_counts(workers=number)


def test_counts_must_reach_the_least_that_is_allowed():
    check_counts(n_nulls=0, least=0)
    with pytest.raises(ValueError, match="n_nulls must be at least 0, got -1"):
        check_counts(workers=2, n_nulls=-1, least=0)
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        check_counts(workers=0)


@pytest.mark.parametrize("number", [0, 1, -0.5, np.nan, 95])
def test_shares_are_between_0_and_1(number):
    check_shares(confidence=0.95)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got"):
        check_shares(confidence=number)


@pytest.mark.parametrize("number", [0, -1.0, np.nan, np.inf])
def test_positive_numbers_are_finite(number):
    check_positive(resolution=0.5)
    with pytest.raises(ValueError, match="resolution must be positive and finite, got"):
        check_positive(resolution=number)


def test_a_choice_is_one_of_those_that_are_named():
    check_choice("signs", "all", ["all", None])
    with pytest.raises(ValueError, match=r"signs must be one of \('all',\), got 'one'"):
        check_choice("signs", "one", ["all"])
