"""Verdicts in words: graded by size, of each sign apart, and beside null networks."""

from dataclasses import replace

import numpy as np
import pytest

from commstruct.analysis import NullScores, RegionAnalysis, analyze
from commstruct.blocks.structure import block_structure
from commstruct.report.words.verdicts import (
    NEITHER,
    beside_nulls,
    connectivity,
    share_within,
    side,
    signs_disagree,
)

HALVES = np.repeat([0, 1], 6)


@pytest.mark.parametrize(
    ("score", "relative", "said"),
    [
        (0.08, 1.0, "strongly block-diagonal"),
        (-0.02, -0.5, "strongly off-diagonal"),
        (0.9, 0.49, "clearly block-diagonal"),
        (0.2, 0.3, "clearly block-diagonal"),
        (-0.1, -0.299, "weakly off-diagonal"),
        (0.2, 0.1, "weakly block-diagonal"),
        (0.05, 0.099, NEITHER),
        (0.0, 0.0, NEITHER),
        (0.2, np.nan, "block-diagonal"),
        (np.nan, np.nan, "undefined"),
    ],
)
def test_the_size_decides_the_adverb(score, relative, said):
    assert side(score, relative) == said


def strong_between() -> np.ndarray:
    """Strong weights of both signs between modules, more negative; weak within."""
    weights = np.full((12, 12), 0.1)
    between = np.not_equal.outer(HALVES, HALVES)
    weights[between] = np.where(np.arange(between.sum()) % 3 == 0, 2.0, -2.0)
    return weights


def test_net_weight_and_size_are_said_apart_where_they_disagree():
    blocks = block_structure(strong_between(), HALVES)
    assert blocks.diagonal_score > 0 > blocks.diagonal_score_absolute
    assert signs_disagree(blocks)
    text = connectivity(blocks)
    assert text.startswith("net weight is")
    assert "but |weight| is strongly off-diagonal (D = \u22121.00" in text
    assert "of the |weight| is within 2 modules that hold 45" in share_within(blocks)


def test_one_sign_has_one_verdict():
    blocks = block_structure(np.abs(strong_between()), HALVES)
    assert not signs_disagree(blocks)
    assert connectivity(blocks) == (
        "connectivity is strongly off-diagonal (D = \u22121.00, 100\u202f% of the "
        "largest possible)"
    )
    same = block_structure(np.where(np.equal.outer(HALVES, HALVES), -1.0, 0.0), HALVES)
    assert "net weight is strongly off-diagonal" in connectivity(same)
    assert "but |weight| is strongly block-diagonal" in connectivity(same)


@pytest.fixture(scope="module")
def region() -> RegionAnalysis:
    within = np.equal.outer(HALVES, HALVES).astype(float)
    return analyze(within, structures=["assortative"], restarts=1, n_nulls=0).regions[0]


def beside(region, nulls, p_value):
    """The sentence on D, which is 1, or what `nulls` are multiplied with."""
    null = NullScores(
        null="strength",
        n_modules=np.full(len(nulls), 2),
        diagonal_score=np.array(nulls, dtype=float),
        modularity=np.zeros(len(nulls)),
        structure_strength=np.zeros(len(nulls)),
    )
    p_values = {"diagonal_score": p_value}
    return beside_nulls(
        replace(region, nulls=null, p_values=p_values), "diagonal_score"
    )


def test_beyond_all_null_networks_is_a_finding_on_either_side(region):
    assert beside(region, [0.1] * 99, 0.01) == (
        "above all 99 null networks with the same strengths"
    )
    # larger than D, which is far below chance though the test is of the other side
    flipped = replace(region, blocks=replace(region.blocks, diagonal_score=0.05))
    assert beside(flipped, [0.1] * 99, 1.0) == (
        "below all 99 null networks with the same strengths, so less block-diagonal "
        "than by chance"
    )
    opposite = replace(region, blocks=replace(region.blocks, diagonal_score=-0.05))
    assert beside(opposite, [-0.1] * 99, 1.0).endswith(
        "less off-diagonal than by chance"
    )
    assert beside(opposite, [0.1] * 99, 1.0).endswith("with the same strengths")


def test_within_the_null_networks_there_is_no_evidence(region):
    text = beside(region, [0.1] * 79 + [1.0] * 20, 0.21)
    assert text == (
        "above 79 of 99 null networks with the same strengths: no evidence (p = 0.21)"
    )
    assert beside(region, [1.0] * 19, 1.0).startswith("the same as in all 19 null")
    text = beside(region, [0.1] * 98 + [1.0], 0.02)
    assert text.endswith("with the same strengths (p = 0.02)")


def test_too_few_null_networks_cannot_test_and_it_is_said_how_many_would(region):
    assert beside(region, [0.1, 0.2], 1 / 3) == (
        "above both null networks with the same strengths, but with 2 this cannot be "
        "tested (p is at least 0.33; 19 are needed)"
    )
    given = replace(region, structure="labels: type")
    assert "39 are needed" in beside(given, [0.1] * 19, 0.1)
    assert beside(region, [], np.nan) == "not tested against null networks"


def test_an_undefined_score_is_not_tested(region):
    undefined = replace(region, blocks=replace(region.blocks, diagonal_score=np.nan))
    assert beside(undefined, [0.1] * 19, np.nan) == "undefined, so not tested"
