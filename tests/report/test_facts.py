"""Facts and sentences of a report: computed, and changed by other numbers."""

import math
import re
import shlex
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from helpers.planted import planted_weights
from helpers.stores import make_store, trained_run

from commstruct.analysis import Analysis, analyze, open_sweep
from commstruct.connectome import Connectome, as_connectome
from commstruct.report import ReportSettings, document_of
from commstruct.report.pages.document import by_line, byline
from commstruct.report.text import (
    drawable,
    joined,
    p_text,
    percent,
    plain,
    printable,
    shown,
    signed,
    typeset,
    with_interval,
    with_minus,
)
from commstruct.report.words.explorer import encode, network_explorer
from commstruct.report.words.members import (
    members_caption,
    members_table,
    strongest_sentence,
    types_table,
)
from commstruct.report.words.network_sentences import (
    _sizes,
    model_sentence,
    network_answers,
    network_headline,
    network_limits,
)
from commstruct.report.words.robustness_sentences import (
    VERDICTS,
    equal_loss_sentence,
    robustness_sentence,
)
from commstruct.report.words.sentences import (
    evidence_sentence,
    signs_sentence,
    sweep_answers,
    sweep_headline,
    sweep_limits,
    trend_clause,
)
from commstruct.report.words.tables import _shared_rows as shared_rows
from commstruct.report.words.tables import aligned
from commstruct.report.words.terms import terms_of
from commstruct.study import (
    RateScore,
    Trend,
    has_learned,
    match_modules,
    sweep_trends,
)
from commstruct.study.equal_loss import checkpoint_blocks, equal_loss
from commstruct.study.robustness import MEASURES, Shift, robustness
from commstruct.study.trends import unsettled_rates

SETTINGS = {"seed": 0, "restarts": 1, "n_nulls": 3, "structures": ["assortative"]}
RATES = [0.01, 0.1, 1.0]


@pytest.fixture(scope="module")
def falling(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """From block-diagonal to none; the first rate does not learn."""
    store = make_store(
        tmp_path_factory.mktemp("falling") / "sweep.zarr",
        contrasts={0.01: 2.0, 0.1: 0.7, 0.5: 0.3, 1.0: 0.0},
        accuracies={0.01: 0.3},
        diverged=[(1.0, 1)],
    )
    return analyze(store, **SETTINGS, regions=["hidden"])


def point(rate: float, mean: float, p_value: float = 0.01, n_runs: int = 3):
    return RateScore(rate, n_runs, mean, mean, mean, p_value)


def trend(means: list[float], *, rho: float, p_value: float, **changes) -> Trend:
    points = tuple(map(point, RATES, means))
    made = Trend(
        "whole",
        "any",
        "diagonal_score",
        points,
        9,
        rho,
        p_value,
        p_value,
        9,
        rho,
        p_value,
    )
    return replace(made, **changes)


def test_modules_that_overlap_keep_their_number():
    before, now = [0, 0, 0, 1, 1, 2], [1, 1, 0, 0, 0, 2]
    ids = match_modules(now, before, reference_ids=[4, 7, 5], first_new=8)
    np.testing.assert_array_equal(ids, [7, 4, 5])
    fewer = match_modules([0, 0, 1, 2], [0, 0, 0, 0], reference_ids=[3], first_new=4)
    np.testing.assert_array_equal(fewer, [3, 4, 5])


def test_has_learned_is_halfway_from_chance_to_one():
    def run(accuracy: float | None, status: str = "finished"):
        return trained_run(
            status=status,
            chance_accuracy=None if accuracy is None else 0.1,
            checkpoints={"held_out_accuracy": [0.0, accuracy]},
        )

    assert has_learned(run(0.56)) is True
    assert has_learned(run(0.54)) is False
    assert has_learned(run(None)) is None
    assert has_learned(run(0.9, "diverged")) is False


def test_has_learned_a_regression_below_half_the_loss_of_constant_outputs():
    def run(loss, constant):
        return trained_run(
            constant_loss=constant, checkpoints={"held_out_loss": [2.0, loss]}
        )

    assert has_learned(run(0.49, 1.0)) is True
    assert has_learned(run(0.51, 1.0)) is False
    assert has_learned(run(0.49, None)) is None


def test_facts_of_a_sweep_whose_structure_falls(falling):
    facts = sweep_trends(falling)
    found = facts.trend("hidden", "assortative", "diagonal_score")
    assert found is not None
    assert found.rho < -0.8
    assert [p.learning_rate for p in found.points] == [0.01, 0.1, 0.5, 1.0]
    assert found.n_runs == 7
    assert found.n_learned == 5
    assert (facts.n_planned, facts.n_ended, facts.n_diverged) == (8, 8, 1)
    assert facts.example_runs[1.0] == "rate-1.0-seed-0"
    assert facts.trend("whole", "any", "modularity") is None
    assert all(
        t.adjusted_p >= t.p_value for t in facts.trends if math.isfinite(t.p_value)
    )


def test_colours_follow_the_modules_from_rate_to_rate(falling):
    facts = sweep_trends(falling)
    first, second = (
        next(r for r in falling.regions if r.run == facts.example_runs[rate])
        for rate in (0.01, 0.1)
    )
    before = facts.module_ids[str(first.run), "hidden", "assortative"]
    now = facts.module_ids[str(second.run), "hidden", "assortative"]
    kept = before[first.partition.labels] == now[second.partition.labels]
    assert kept.mean() > 0.7


def test_answers_say_what_the_numbers_say(falling):
    facts = sweep_trends(falling)
    answers = sweep_answers(falling, facts)
    assert len(answers) == 3
    assert "diagonal score D of the hidden neurons" in answers[0]
    assert "fall" in answers[0]
    limits = " ".join(sweep_limits(falling, facts))
    assert "1 run diverged (1 at 1)" in limits
    assert "2 runs did not learn the task (2 at 0.01)" in limits


def test_a_fall_that_changes_sign():
    text = trend_clause(trend([0.3, 0.1, -0.2], rho=-0.9, p_value=0.001))
    assert "falls with the learning rate, from +0.30 at 0.01 to −0.20 at 1" in text
    assert "changing sign between 0.1 and 1" in text
    assert "ρ = −0.90, corrected p = 0.001" in text


def test_a_rise_that_stays_negative():
    text = trend_clause(trend([-0.3, -0.2, -0.1], rho=0.9, p_value=0.001))
    assert "rises with the learning rate, from −0.30 at 0.01 to −0.10 at 1" in text
    assert "negative throughout" in text


def test_the_corrected_p_of_the_tables_decides_in_sentences():
    text = trend_clause(
        trend([0.3, 0.1, -0.2], rho=-0.5, p_value=0.04, adjusted_p=0.06)
    )
    assert text.startswith("There is no evidence for a change")
    assert "corrected p = 0.06" in text


@pytest.mark.parametrize(
    ("means", "rho", "adjusted_p", "said"),
    [
        ([0.3, 0.1, -0.2], -0.9, 0.01, "Yes: D of net weight falls from positive to"),
        ([0.3, 0.1, 0.2], -0.9, 0.01, "In part: D of net weight falls, but does not"),
        ([0.1, 0.1, 0.2], 0.9, 0.01, "No: D of net weight rises"),
        ([0.3, 0.1, -0.2], -0.9, 0.06, "No evidence that the learning rate changes D"),
        ([0.3, 0.1, -0.2], math.nan, math.nan, "Cannot be tested: there are too few"),
    ],
)
def test_the_headline_of_a_sweep_answers_its_question(
    falling, means, rho, adjusted_p, said
):
    facts = sweep_trends(falling)
    old = facts.trend("hidden", "assortative", "diagonal_score")
    assert old is not None
    points = tuple(
        replace(one, mean=mean) for one, mean in zip(old.known[:3], means, strict=True)
    )
    new = replace(old, points=points, rho=rho, adjusted_p=adjusted_p)
    others = tuple(one for one in facts.trends if one is not old)
    text = sweep_headline(falling, replace(facts, trends=(new, *others)))
    assert text.startswith(said)
    assert "At rate 0.01, net weight is strongly block-diagonal (D = +" in text
    assert "and |weight| is " in text
    assert "of |weight| " in signs_sentence(falling)


def test_a_sign_change_across_a_mean_of_zero():
    text = trend_clause(trend([0.3, 1e-17, -0.2], rho=-0.9, p_value=0.001))
    assert "changing sign between 0.01 and 1" in text
    assert "throughout" not in text
    text = trend_clause(trend([0.3, 0.1, 0.0], rho=-0.9, p_value=0.001))
    assert "without changing sign" in text


def test_a_fall_that_is_not_steady_says_so():
    text = trend_clause(trend([0.2, 0.3, -0.1], rho=-0.7, p_value=0.02))
    assert "tends to fall" in text
    assert "highest mean +0.30 at 0.1" in text


def test_a_refused_test_is_no_evidence():
    text = trend_clause(trend([0.3, 0.1, -0.2], rho=-0.4, p_value=0.3))
    assert "no evidence for a change" in text
    assert "p = 0.30" in text
    assert "falls" not in text


def test_a_trend_that_was_not_tested_says_so():
    nan = math.nan
    text = trend_clause(trend([0.3, 0.1, -0.2], rho=nan, p_value=nan))
    assert "not tested" in text
    gone = trend([nan] * 3, rho=nan, p_value=nan)
    gone = replace(gone, points=tuple(point(r, nan, nan, 0) for r in RATES))
    assert "undefined: every run has one module" in trend_clause(gone)


def test_evidence_names_the_rates_of_each_kind():
    points = (
        point(0.01, 0.3, 0.001),
        point(0.1, 0.1, 0.4),
        point(0.5, -0.2, 0.02),
        point(1.0, math.nan, math.nan, 0),
    )
    text = evidence_sentence(trend([0, 0, 0], rho=0, p_value=1, points=points))
    assert "is block-diagonal at learning rate 0.01" in text
    assert "is off-diagonal at learning rate 0.5" in text
    assert "no evidence that it is either at learning rate 0.1 (p = 0.40)" in text
    assert "one module, so neither, was found at learning rate 1" in text
    assert "at learning rate 0.5 (each p ≤ 0.02)" in text


def test_answers_on_one_network_refuse_noise_and_name_structure():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(24, 24))
    labels = np.repeat([0, 1, 2], 8)
    planted = noise + 2.0 * (labels[:, None] == labels)
    settings = {"seed": 0, "restarts": 1, "n_nulls": 19, "structures": ["assortative"]}
    terms = terms_of(as_connectome(noise))
    found = analyze(planted, **settings)
    assert "no evidence" in network_headline(analyze(noise, **settings), terms)
    headline = network_headline(found, terms)
    assert headline.startswith("Net weight is strongly block-diagonal (D = +")
    assert "of the |weight| is within 3 modules that hold 30\u202f% of" in headline
    assert "D is above all 19 null networks with" in headline
    assert "no evidence" not in headline
    (more,) = network_answers(found, terms)
    assert "Assortative modules: 3, of 8 neurons each; they explain" in more


def test_the_headline_begins_with_what_modules_explain_where_d_says_nothing():
    # all drive module 1: clear blocks, neither on the diagonal nor off it
    rates = np.kron([[0.1, 0.9], [0.1, 0.9]], np.ones((12, 12)))
    weights = (np.random.default_rng(0).random((24, 24)) < rates).astype(float)
    np.fill_diagonal(weights, 0)
    settings = {"seed": 0, "restarts": 1, "n_nulls": 19, "structures": ["any"]}
    found = analyze(weights, **settings, null="permute")
    terms = terms_of(as_connectome(weights))
    headline = network_headline(found, terms)
    strength = found.regions[0].score("structure_strength")
    assert headline.startswith(
        f"2 modules explain {100 * strength:.0f}\u202f% of the variance of the "
        "connections: above all 19 null networks with the same weights. Connectivity"
    )
    assert headline.count("19 null networks with the same weights") == 1
    (sizes, *_) = network_answers(found, terms)
    assert sizes == "Modules of any structure: 2, of 12 and 12 neurons."


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([5, 5, 5], "5 nodes each"),
        ([3, 2], "3 and 2 nodes"),
        (range(10, 0, -1), "10, 9, 8, 7, 6, 5, 4, 3 nodes, and 2 more of 3 in all"),
    ],
)
def test_sizes_of_modules_are_said_once(sizes, said):
    assert _sizes(np.array([*sizes]), "nodes").startswith(said)


def test_one_module_is_told_and_drawn_without_others():
    noise = np.random.default_rng(3).normal(size=(12, 12))
    found = analyze(noise, seed=0, restarts=1, n_nulls=0, structures=["any"])
    document = document_of(found, network=noise)
    figure = next(one for one in document.blocks if one["kind"] == "figure")
    words = "".join(map(str, figure["caption"]))
    assert "(b)" not in words
    assert "borders" not in words
    table = next(one for one in document.blocks if one["kind"] == "table")
    assert table["header"] == ["module", "neurons", "within", "hubs"]


def test_a_table_that_lists_the_largest_modules_says_so():
    weights = np.kron(np.eye(23), np.ones((4, 4)))
    found = analyze(weights, seed=0, restarts=1, n_nulls=0, structures=["assortative"])
    caption = members_caption(found.regions[0], terms_of(as_connectome(weights)))
    assert "the 20 largest of 23" in caption[0]


@pytest.mark.parametrize(("n_nulls", "said"), [(0, False), (2, True), (19, False)])
def test_too_few_null_networks_for_a_test_are_a_limit(n_nulls, said):
    weights = np.random.default_rng(0).normal(size=(8, 8))
    settings = {"seed": 0, "restarts": 1, "structures": ["assortative"]}
    terms = terms_of(as_connectome(weights))
    found = analyze(weights, n_nulls=n_nulls, **settings)
    limits = " ".join(network_limits(found, terms))
    assert ("p cannot be below 0.33, so nothing can be significant" in limits) == said
    assert ("at least 19 are needed" in limits) == said


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AVAL", "AVAL"),
        ("", "(no name)"),
        ("  ", "(no name)"),
        ("a\u202eb", "aU+202Eb"),
        ("a\x00b", "aU+0000b"),
        ("a\nb", "a b"),
        ("<script>$x$", "<script>$x$"),
        ("\u6f22", "\u6f22"),
        ("\u0639\u0635\u0628", "\u2068\u0639\u0635\u0628\u2069"),
        ("x" * 10_000, "x" * 39 + "\u2026"),
        (7, "7"),
    ],
)
def test_names_from_outside_can_always_be_shown(name, expected):
    assert shown(name) == expected


def test_text_of_figures_and_pdf_has_only_what_their_fonts_have():
    name = shown("\u0639\u0635 \u6f22 \u03b1\U0001f9e0")
    assert printable(name) == "\u0639\u0635 U+6F22 \u03b1U+1F9E0"
    assert drawable("\u6f22") == "U+6F22"


def test_numbers_as_text():
    assert signed(0.123) == "+0.12"
    assert signed(-0.123) == "−0.12"
    assert signed(-0.001) == "0.00"
    assert signed(math.nan) == "undefined"
    assert plain(-0.001) == "0.00"
    assert plain(None) == "–"
    assert percent(0.5) == "50\u202f%"
    assert p_text(0.0004) == "p < 0.001"
    assert p_text(0.0123) == "p = 0.012"
    assert p_text(0.4) == "p = 0.40"
    assert p_text(math.nan) == "not tested"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_bounds_keep_their_sign_and_columns_their_point():
    assert (
        with_interval(-0.14, -0.28, -0.004) == "\u22120.140 (\u22120.280, \u22120.004)"
    )
    assert with_interval(0.1, 0.05, 0.2) == "+0.10 (+0.05, +0.20)"
    assert with_interval(0.1, 0.0, 0.2) == "+0.10 (0.00, +0.20)"
    assert aligned([961.0, 8661.2, 12.5, math.nan]) == [
        "961",
        "8\u202f661",
        "12",
        "\u2013",
    ]
    assert aligned([0.5, 0.0123, -0.25]) == ["0.500", "0.012", "\u22120.250"]
    assert aligned([0.0, math.nan]) == ["0", "\u2013"]


def test_commands_break_between_options_only():
    options = [f"--select=name {i}" for i in range(12)]
    command = shlex.join(["commstruct", "analyze", "my file.csv", *options, "--out=D"])
    text = by_line(command)
    assert shlex.split(text.replace("\\\n", "")) == shlex.split(command)
    assert max(map(len, text.splitlines())) <= 90
    assert text.count("\n") >= 2


def test_the_head_of_a_report_has_what_is_known():
    settings = ReportSettings(author="A. Author", source="Cook (2019)")
    assert byline(settings) == "A. Author \u00b7 Cook (2019)"
    assert byline(ReportSettings()) == ""
    with pytest.raises(ValueError, match="words"):
        ReportSettings(words="cells")


def named_network() -> Connectome:
    """Two groups; b0 sends the most within, a2 is the only one that connects them."""
    weights = np.zeros((6, 6))
    weights[:3, :3] = weights[3:, 3:] = 1.0
    weights[3, 4:] = 5.0
    weights[2, 5] = 2.0
    np.fill_diagonal(weights, 0)
    names = ["a0", "a1", "a2", "b0", "b1", "<b2>"]
    return as_connectome(weights, names=names, attributes={"type": list("pppqqp")})


def test_members_are_named_hubs_and_connectors_first():
    network = named_network()
    groups = {"labels": "type", "structures": ["assortative"]}
    analysis = analyze(network, n_nulls=0, restarts=1, **groups)
    terms = terms_of(network)
    table = members_table(analysis, network, terms)
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    (first,) = [row for row in rows if "b0" in row["hubs"]]
    assert first["hubs"].startswith("b0, ")
    assert first["connectors"] == "<b2>"
    assert first["types"] == "q 2, p 1"
    (other,) = [row for row in rows if row is not first]
    assert other["connectors"] == "a2"
    assert float(other["within"]) == 1.0
    crossed = types_table(analysis)
    assert crossed is not None
    assert crossed.header == ("module", "p", "q")
    assert sorted(row[1:] for row in crossed.rows) == [("1", "2"), ("3", "\u00b7")]
    arrow = f"{other['module']}\u2009\u2192\u2009{first['module']}"
    assert arrow in strongest_sentence(analysis.regions[0], terms)


@pytest.mark.parametrize(
    ("network", "nodes", "size"),
    [
        (nx.karate_club_graph(), "nodes", "78 undirected connections"),
        (
            nx.to_numpy_array(nx.karate_club_graph(), weight=None),
            "nodes",
            "78 unweighted undirected connections",
        ),
        (
            np.array([[2.0, -1.0], [3.0, 0.0]]),
            "neurons",
            "2 directed connections of both signs and 1 self-connection, left out",
        ),
        (
            np.array([[1.0, -0.5], [-0.5, 1.0]]),
            "regions",
            "1 undirected connection of both",
        ),
    ],
)
def test_words_are_those_of_the_kind_of_network(network, nodes, size):
    connectome = as_connectome(
        np.asarray(network) if isinstance(network, list) else network
    )
    terms = terms_of(connectome)
    assert terms.nodes == nodes
    assert terms.size.startswith(size)
    assert terms_of(connectome, "persons").node == "person"


def test_a_single_network_has_no_sweep_facts():
    result = analyze(np.eye(4), seed=0, n_nulls=0, restarts=1)
    assert result.regions[0].region == "whole"
    with pytest.raises(ValueError, match="must be of a sweep, got 'network'"):
        sweep_trends(result)


def test_the_store_is_where_it_was_made(tmp_path: Path):
    store = make_store(tmp_path / "s.zarr", contrasts={0.1: 1.0}, missing=[(0.1, 1)])
    result = analyze(store, **SETTINGS, regions=["hidden"])
    facts = sweep_trends(result)
    assert "Only 1 of 2 planned runs have ended." in sweep_limits(result, facts)


def test_equal_loss_is_read_between_checkpoints(tmp_path):
    store = make_store(tmp_path / "s.zarr", contrasts={0.5: 1.0, 1.0: 1.0}, seeds=[0])
    analysis = analyze(store, **SETTINGS, regions=["whole", "learned change"])
    checkpoints = checkpoint_blocks(analysis, open_sweep(store))
    found = equal_loss(analysis, sweep_trends(analysis), checkpoints)
    slow, fast = found.runs
    assert found.loss == pytest.approx(0.4)  # 0.2 / rate: that of the slow run
    assert found.steps[slow] == pytest.approx(100)
    share = math.log(1.1 / 0.4) / math.log(1.1 / 0.2)  # losses 2, 1.1, 0.2
    assert found.steps[fast] == pytest.approx(50 + 50 * share)
    before, after = (
        checkpoints[fast, "whole", place].blocks.diagonal_score for place in (1, 2)
    )
    assert found.at_loss[fast, "whole"] == pytest.approx(
        before + share * (after - before)
    )
    assert found.at_loss[slow, "whole"] == found.at_end[slow, "whole"]
    assert found.at_end[fast, "whole"] == pytest.approx(
        analysis.regions[-2].score("diagonal_score")
    )
    # A change of nothing has no score; one between it and the next has the next one's.
    nothing = checkpoints[fast, "learned change", 0].blocks
    assert math.isnan(nothing.diagonal_score)


def test_equal_loss_needs_two_learning_rates_that_learned(tmp_path):
    store = make_store(
        tmp_path / "s.zarr",
        contrasts={0.5: 1.0, 1.0: 1.0},
        accuracies={0.5: 0.2},
        seeds=[0],
    )
    analysis = analyze(store, **SETTINGS, regions=["whole"])
    checkpoints = checkpoint_blocks(analysis, open_sweep(store))
    assert equal_loss(analysis, sweep_trends(analysis), checkpoints) is None
    assert "Fewer than two learning rates" in equal_loss_sentence(analysis, None)


@pytest.mark.parametrize(
    ("lowest", "highest", "rho", "adjusted_p", "verdict"),
    [
        (0.2, -0.1, -0.9, 0.01, "shifts"),
        (0.2, 0.1, -0.9, 0.01, "falls"),
        (-0.1, -0.2, -0.9, 0.01, "falls"),
        (0.1, 0.2, 0.9, 0.01, "rises"),
        (0.2, -0.1, -0.9, 0.06, "no evidence"),
        (0.2, -0.1, math.nan, math.nan, "undefined"),
    ],
)
def test_verdicts_of_a_shift(lowest, highest, rho, adjusted_p, verdict):
    shift = Shift(
        region="whole",
        structure="any",
        measure="diagonal_score",
        lowest=lowest,
        highest=highest,
        n_runs=8,
        rho=rho,
        p_value=adjusted_p,
        adjusted_p=adjusted_p,
    )
    assert shift.verdict == verdict
    assert VERDICTS[verdict] in robustness_sentence([shift])


def test_robustness_agrees_with_the_trends_which_are_corrected_as_one_family(falling):
    facts = sweep_trends(falling)
    shifts = robustness(facts)
    kinds = {(one.region, one.structure) for one in falling.regions}
    assert len(shifts) == len(kinds) * len(MEASURES)
    for shift in shifts:
        if shift.measure in ("diagonal_score", "modularity"):
            trend = facts.trend(shift.region, shift.structure, shift.measure)
            assert shift.rho == trend.rho
            assert shift.p_value == trend.p_value
            assert shift.lowest == pytest.approx(trend.known[0].mean)
            assert shift.highest == pytest.approx(trend.known[-1].mean)
            assert shift.adjusted_p == trend.adjusted_p
    tested = sorted(s.p_value for s in facts.trends if math.isfinite(s.p_value))
    smallest = min(facts.trends, key=lambda s: s.p_value)
    n = len(tested)
    by_hand = min(p * n / (i + 1) for i, p in enumerate(tested))
    assert smallest.adjusted_p == pytest.approx(min(by_hand, 1))


def test_learning_rates_that_do_not_settle_are_known(falling):
    assert unsettled_rates(falling) == {}
    runs = []
    for run in falling.runs:
        low = run.learning_rate == 1.0
        shares = [1.0, 0.5, 0.2 if low else 0.99]
        checkpoints = {**run.checkpoints, "settled_rates": shares}
        runs.append(replace(run, checkpoints=checkpoints))
    changed = replace(falling, runs=tuple(runs))
    assert unsettled_rates(changed) == {1.0: pytest.approx(0.2)}
    limits = " ".join(sweep_limits(changed, sweep_trends(changed)))
    assert "learning rate 1 (20\u202f%)" in limits


@pytest.mark.parametrize("bits", [8, 16])
def test_encoded_weights_are_near_and_whole_numbers_are_exact(bits):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(30, 30)) ** 3
    code = encode(weights, bits=bits)
    numbers = np.frombuffer(b64decode(code["data"]), dtype=f"<i{bits // 8}")
    read = (
        np.sign(numbers)
        * code["max"]
        * (abs(numbers.astype(float)) / code["levels"]) ** code["power"]
    )
    above = (abs(numbers.astype(float)) + 0.5) / code["levels"]
    error = code["max"] * above ** code["power"] - abs(read)
    assert (abs(read - weights.ravel()) <= 1.0001 * error).all()
    assert not code["exact"]
    counts = encode(np.array([[0.0, 100.0], [-3.0, 1.0]]), bits=bits)
    assert counts["exact"]
    assert counts["max"] == counts["levels"]
    found = np.frombuffer(b64decode(counts["data"]), dtype=f"<i{bits // 8}")
    assert found.tolist() == [0, 100, -3, 1]


def test_weights_kept_sparsely_are_the_same_in_less_room():
    weights = np.zeros((40, 40))
    weights[3, 5], weights[39, 39], weights[0, 0] = 0.5, -2.25, 1.0
    full = encode(weights, bits=16)
    code = encode(weights, bits=16, sparsely=True)
    numbers = np.zeros(code["size"], dtype="<i2")
    places = np.frombuffer(b64decode(code["places"]), dtype="<u4")
    numbers[places] = np.frombuffer(b64decode(code["data"]), dtype="<i2")
    assert numbers.tobytes() == b64decode(full["data"])
    assert (code["max"], code["power"]) == (full["max"], full["power"])
    assert len(places) == 3


def test_reports_leave_neurons_without_connections_out_and_say_how_many() -> None:
    weights, _ = planted_weights("assortative", seed=2, contrast=3, sizes=(8, 6, 4))
    padded = np.pad(weights, ((1, 2), (1, 2)))
    analysis = analyze(padded, structures=["assortative"], n_nulls=0)
    network = as_connectome(padded)
    terms = terms_of(network)
    answers = network_answers(analysis, terms)
    assert answers[0].startswith("Assortative modules: 3, of 8, 6 and 4 neurons")
    assert answers[-1] == (
        "3 neurons without connections are left out of all modules and blocks."
    )
    rows = members_table(analysis, network, terms).rows
    assert [row[1] for row in rows] == ["8", "6", "4"]
    explorer = network_explorer(analysis, network, terms)
    assert [part["n_modules"] for part in explorer["partitions"].values()] == [3]


def region_of(network, **settings):
    analysis = analyze(network, structures=["any"], n_nulls=0, restarts=1, **settings)
    return analysis.regions[0]


def test_the_model_levels_and_confidence_are_said():
    labels = np.repeat(np.arange(6), 8)
    rates = np.where(np.equal.outer(labels // 2, labels // 2), 0.35, 0.05)
    rates = np.where(np.equal.outer(labels, labels), 0.75, rates)
    weights = (np.random.default_rng(2).random((48, 48)) < rates).astype(float)
    np.fill_diagonal(weights, 0)
    padded = np.pad(weights, ((0, 1), (0, 1)))  # an isolated neuron
    region, terms = region_of(padded), terms_of(as_connectome(padded))
    text = model_sentence(region, terms)
    assert "by models of connections that exist or do not: here 6," in text
    assert f"with {region.partition.evidence:.1f} nats more than a single one" in text
    assert f"a single one ({region.partition.model}). They form groups" in text
    assert "They form groups on 1 coarser level, of 3." in text
    confidence = np.repeat([0.5, 0.95, 1.0], [3, 5, 40])
    confidence = np.append(confidence, 0.2)  # of the isolated neuron, left out
    unsure = replace(region, partition=replace(region.partition, confidence=confidence))
    text = model_sentence(unsure, terms)
    assert "a median probability of 1.00; for 3 of 48 neurons it is below 0.9." in text


def test_where_there_is_one_module_the_nats_that_the_best_division_lacks_are_said():
    graph = nx.gnp_random_graph(40, 0.2, seed=1)
    region, terms = region_of(graph), terms_of(as_connectome(graph))
    lacking = -region.partition.evidence
    assert lacking > 0
    text = model_sentence(region, terms)
    assert f"as the best division into more has {lacking:.1f} nats less." in text
    assert "level" not in text
    alone = model_sentence(region_of(np.eye(3)), terms)
    assert "no division into modules was found" in alone


@pytest.mark.parametrize(
    ("n_samples", "said"),
    [(50, "by models of correlations of 50 samples:"), (None, "number is estimated:")],
)
def test_the_number_of_samples_of_correlations_is_said(n_samples, said):
    series = np.random.default_rng(1).normal(size=(50, 12))
    matrix = np.corrcoef(series, rowvar=False)
    terms = terms_of(as_connectome(matrix))
    assert said in model_sentence(region_of(matrix, n_samples=n_samples), terms)


def test_modules_that_may_have_been_merged_are_said():
    settings = {"structures": ["assortative"], "n_nulls": 0, "restarts": 2}
    ring = nx.ring_of_cliques(30, 5)
    terms = terms_of(as_connectome(ring))
    limits = network_limits(analyze(ring, **settings), terms)
    (said,) = [text for text in limits if "resolution limit" in text]
    assert re.match(r"\d+ of 1\d assortative modules have more evidence if div", said)
    assert "0 (into 2, " in said
    assert said.endswith(" more.")
    limits = network_limits(analyze(nx.ring_of_cliques(4, 5), **settings), terms)
    assert not [text for text in limits if "resolution limit" in text]


def test_signs_and_differences_have_true_minus_signs():
    text = "m - 1 steps, -0.07, 1 - |E - I|, 1e-12; all-to-all, 0.3-0.5"
    assert with_minus(text) == (
        "m \u2212 1 steps, \u22120.07, 1 \u2212 |E \u2212 I|, 1e\u221212; "
        "all-to-all, 0.3-0.5"
    )


def test_pages_keep_isolates_and_may_break_lines_between_code_points():
    arabic = shown("\u062e\u0644\u064a\u0629 1")
    assert typeset(arabic) == arabic
    assert printable(arabic) == arabic[1:-1]
    assert typeset("a\u6771\u4eacb") == "aU+6771\u200bU+4EACb"


def test_provenance_names_the_null_networks_that_were_chosen():
    weights = np.random.default_rng(0).normal(size=(8, 8))
    settings = {"seed": 0, "restarts": 1, "structures": ["assortative"], "n_nulls": 1}
    found = analyze(weights, **settings)
    assert found.settings.null == ("auto",)
    (row,) = (row for row in shared_rows(found) if row[0] == "analysis, settings")
    assert f"null auto ({found.regions[0].nulls.null});" in row[1]
    named = analyze(weights, null="permute", **settings)
    assert 'null ["permute"];' in shared_rows(named)[0][1]
