"""Tests of the pages of compared connectomes: what is marked, named, and never run."""

import io
import json
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from helpers.hostile import HOSTILE
from helpers.html_page import Elements
from pypdf import PdfReader

from commstruct import as_connectome, compare_connectomes, compare_groups
from commstruct.compare.placement import Placement
from commstruct.compare.results import read_comparison, write_comparison
from commstruct.report import (
    ReportSettings,
    read_result,
    remake_report,
    write_result,
)
from commstruct.report.figures.compare_figures import (
    plot_comparison,
    plot_distances,
    plot_group_blocks,
    plot_map,
    plot_modules_across,
)
from commstruct.report.figures.group_figures import (
    effects_shown,
    plot_components,
    plot_effects,
)
from commstruct.report.pages.compare_page import comparison_document
from commstruct.report.pages.groups_page import (
    groups_answers,
    groups_document,
    method_paragraphs,
)
from commstruct.report.pages.html import html_bytes
from commstruct.report.pages.pdf import pdf_bytes
from commstruct.report.words.compare_sentences import (
    blocks_answer,
    comparison_answers,
    worm_sentence,
)
from commstruct.statistics import LEVEL

KINDS = np.repeat(["p", "q"], 8)
MODULES = (0,) * 6 + (1,) * 6 + (2,) * 6


@cache
def groups_of(*names, **options):
    """Five individuals of each group; each group after the first has more p to q."""
    rng = np.random.default_rng(0)
    networks, groups = [], []
    for number, name in enumerate(names):
        for _ in range(5):
            rates = np.full((16, 16), 3.0)
            rates[:8, 8:] += 4.0 * number
            weights = rng.poisson(rates).astype(float)
            np.fill_diagonal(weights, 0)
            networks.append(as_connectome(weights, attributes={"type": KINDS}))
            groups.append(name)
    return compare_groups(networks, groups, seed=0, n_permutations=200, **options)


def ungrouped():
    """The same individuals, with nothing to be tested."""
    rng = np.random.default_rng(0)
    networks = [as_connectome(rng.poisson(3.0, size=(9, 9)) * 1.0) for _ in range(3)]
    return compare_groups(networks, seed=0, restarts=1)


def dots(axes):
    return {
        (row, column)
        for line in axes.lines
        for column, row in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def test_the_difference_of_two_groups_is_marked_where_there_is_evidence():
    found = groups_of("a", "b")
    figure = plot_group_blocks(found)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels[:2]] == ["a", "b"]
    blocks = found.blocks.set_index(["from", "to"])
    assert blocks.loc[("p", "q"), "q_value"] <= 0.05
    places = {"p": 0, "q": 1}
    expected = {
        (places[pre], places[post])
        for (pre, post), q in blocks["q_value"].items()
        if q <= 0.05
    }
    assert dots(panels[2]) == expected
    assert dots(panels[0]) == set()
    (image,) = panels[2].images
    difference = blocks.loc[("p", "q"), "mean b"] - blocks.loc[("p", "q"), "mean a"]
    assert image.get_array()[0, 1] == pytest.approx(difference)


def test_of_three_groups_every_panel_is_marked():
    figure = plot_group_blocks(groups_of("a", "b", "c"))
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["a", "b", "c"]
    assert all((0, 1) in dots(axes) for axes in panels)


def test_names_on_the_map_do_not_cover_each_other():
    rng = np.random.default_rng(1)
    points = np.concatenate([np.zeros((3, 2)), rng.normal(size=(9, 2)) * 0.1])
    names = [f"individual {i}" for i in range(12)]
    figure = plot_map(points, names, None, "map")
    (axes,) = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) >= 6
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_distances_are_drawn_with_groups_together():
    found = groups_of("a", "b")
    (image,) = plot_distances(found).axes[0].images
    np.testing.assert_array_equal(image.get_array(), found.distances)
    mixed = compare_groups(
        [as_connectome(np.random.default_rng(i).random((6, 6))) for i in range(4)],
        ["x", "y", "x", "y"],
        seed=0,
        names="pqrs",
    )
    axes = plot_distances(mixed).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == list("prqs")
    order = [0, 2, 1, 3]
    np.testing.assert_array_equal(
        axes.images[0].get_array(), mixed.distances[np.ix_(order, order)]
    )


def test_every_name_on_the_map_lies_between_its_edges():
    points = np.array([[0.0, 0.0], [1.0, 0.2], [0.5, 1.0], [0.9, 0.9]])
    names = [f"a rather long name {i}" for i in range(4)]
    (axes,) = plot_map(points, names, None, "map").axes
    axes.get_figure().draw_without_rendering()
    whole = axes.get_window_extent()
    assert len(axes.texts) >= 3
    for text in axes.texts:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1


@pytest.fixture(scope="module")
def comparison():
    """Few modules in the second, many in the first, one block of kinds denser."""
    rng = np.random.default_rng(0)
    modules = np.repeat(np.arange(12), 3)
    same = modules[:, None] == modules
    one = rng.poisson(np.where(same, 6.0, 0.2)).astype(float)
    other = rng.poisson(np.full((36, 36), 1.0)).astype(float)
    for weights in (one, other):
        np.fill_diagonal(weights, 0)
    kinds = np.repeat(["p", "q"], 18)
    return compare_connectomes(
        as_connectome(one, attributes={"type": kinds}),
        as_connectome(other, attributes={"type": kinds}),
        seed=0,
        names=("one", "other"),
        n_nulls=2,
        n_permutations=200,
        n_bootstraps=50,
        restarts=1,
    )


def test_no_band_between_modules_is_cut_off(comparison):
    (axes,) = plot_modules_across(comparison).axes
    low, high = sorted(axes.get_ylim())
    for patch in axes.patches:
        ends = patch.get_path().vertices[:, 1]
        assert low <= ends.min()
        assert ends.max() <= high


def test_the_explorer_and_settings_of_two_name_the_null_that_was_used(comparison):
    used = set(comparison.axis["null"])
    assert len(used) == 1
    assert "auto" not in used
    document = comparison_document(comparison)
    named = {
        null["name"]
        for state in document.explorer["states"].values()
        for score in state["scores"].values()
        for null in score["nulls"]
    }
    assert named == used
    page = html_bytes(document, ReportSettings()).decode()
    assert f"null auto ({used.pop()})" in page
    assert "match auto (names)" in page


def test_the_explorer_of_two_names_the_kinds_that_blocks_are_of(comparison):
    partitions = comparison_document(comparison).explorer["partitions"]
    for region in range(3):  # each, and their difference
        assert partitions[f"0,0,{region},0"]["names"] == ["p", "q"]
    assert "names" not in partitions["0,0,0,1"]  # modules of each


def test_matrices_of_two_are_on_one_logarithmic_scale(comparison):
    figure = plot_comparison(comparison)
    norms = [axes.images[0].norm for axes in figure.axes[:2]]
    assert norms[0].vmax == norms[1].vmax > 0
    assert norms[0].linthresh == norms[1].linthresh > 0
    largest = max(one.weights.max() for one in (comparison.a, comparison.b))
    assert norms[0].vmax == pytest.approx(largest)
    linear = plot_comparison(comparison, scale="linear").axes[0].images[0].norm
    assert not hasattr(linear, "linthresh")
    with pytest.raises(ValueError, match="scale must be one of"):
        plot_comparison(comparison, scale="rank")


def test_few_null_networks_are_told_as_no_test(comparison):
    edges = comparison.edges
    above = replace(
        comparison,
        edges=replace(edges, weight_correlation_nulls=np.array([-0.9, -0.8])),
    )
    text = comparison_answers(above)[0]
    assert "above all 2 null networks (\u22120.85 on average), too few for a" in text
    many = np.linspace(-0.9, -0.8, 40)
    tested = replace(comparison, edges=replace(edges, weight_correlation_nulls=many))
    text = comparison_answers(tested)[0]
    assert "above all 40 null networks (\u22120.85 on average);" in text


def test_the_report_of_two_has_all_parts_and_the_json_their_numbers(
    comparison, tmp_path
):
    command = "commstruct compare one other " + " ".join(f"--x={i}" for i in range(200))
    made = replace(comparison, provenance={"command": command})
    paths = write_result(made, tmp_path, ReportSettings(formats=("html",)))
    found = json.loads(paths["json"].read_text())
    assert found["n_matched"] == 36
    assert found["weight_correlation"] == pytest.approx(comparison.weight_correlation)
    page = (tmp_path / "report.html").read_text()
    assert "0 p, 1 q" in page  # the numbers of kinds in the matrices
    assert "--x=199" in page  # the command is not cut
    assert blocks_answer(comparison).split(",")[0] in page


def same_pages_again(folder, settings):
    """Draw the pages of a folder again, from the data alone."""
    pages = {form: folder / f"report.{form}" for form in settings.formats}
    before = {form: path.read_bytes() for form, path in pages.items()}
    for path in pages.values():
        path.unlink()
    assert "document" not in json.loads((folder / "report.json").read_text())
    remake_report(folder)
    return all(pages[form].read_bytes() == before[form] for form in pages)


def test_the_report_of_two_is_drawn_again_from_what_was_written(comparison, tmp_path):
    rates = pd.DataFrame({"learning_rate": [0.1, 0.2], "n_runs": [2, 2]})
    for name in ("diagonal_score", "structure_strength"):
        rates[f"{name}_excess"] = [0.1, np.nan]
    rates = rates.assign(distance=[1.0, 2.0], p_value=[0.5, 0.01], share=[0.9, 0.1])
    placement = Placement(
        measures=("diagonal_score", "structure_strength"),
        excess=np.array([0.25, 0.5]),
        uncertainty=np.array([0.1, 0.0]),
        rates=rates,
        runs=rates.rename(columns={"n_runs": "seed"}).iloc[:, :4],
        rates_differ_p=0.01,
        nearest=0.1,
        is_alike=True,
        region="hidden",
        structure="any",
        signs="signed",
        notes=("As good as any.",),
        seed=0,
    )
    made = replace(
        comparison,
        provenance={"command": "typed", "version of commstruct": "0"},
        datasets=("celegans-male", "celegans-hermaphrodite"),
        placements={"one": placement, "other": placement},
    )
    settings = ReportSettings(title="Two")
    write_result(made, tmp_path, settings)
    again = read_comparison(tmp_path)
    assert again.to_dict() == made.to_dict()
    for name, table in made.tables().items():
        pd.testing.assert_frame_equal(again.tables()[name], table, check_dtype=False)
    assert (
        again.a.to_scipy().toarray().tobytes() == made.a.to_scipy().toarray().tobytes()
    )
    assert same_pages_again(tmp_path, settings)


@pytest.mark.parametrize("names", [["a", "b"], ["a"]])
def test_the_report_of_groups_is_drawn_again_from_what_was_written(names, tmp_path):
    made = groups_of(*names) if len(names) > 1 else ungrouped()
    settings = ReportSettings(formats=("html",))
    write_result(made, tmp_path, settings)
    again = read_comparison(tmp_path)
    assert again.to_dict() == made.to_dict()
    pd.testing.assert_frame_equal(again.edges, made.edges, check_dtype=False)
    assert same_pages_again(tmp_path, settings)


def designs():
    """A number, pairs, one sample and three groups, each with what it is tested by."""
    rng = np.random.default_rng(0)
    kinds = {"attributes": {"type": KINDS}}
    networks = [as_connectome(rng.normal(size=(16, 16)), **kinds) for _ in range(12)]
    table = pd.DataFrame(
        {
            "age": rng.normal(size=12),
            "who": [*"abcdef"] * 2,
            "when": ["early"] * 6 + ["late"] * 6,
            "group": [*"xyz"] * 4,
        }
    )
    for formula, options in (
        ("age", {}),
        ("when", {"subject": "who"}),
        ("1", {}),
        ("group + age", {"edges": "tfnbs"}),
    ):
        options = {"formula": formula, "n_permutations": 40, **options}
        yield compare_groups(networks, participants=table, **options)


def test_the_report_of_any_design_says_what_was_computed(tmp_path):
    number_, pairs, one, three = designs()
    said = [
        " ".join(method_paragraphs(found)) for found in (number_, pairs, one, three)
    ]
    assert "HC3 standard errors" in said[0]
    assert "Welch" not in said[0]
    assert "by the t statistic. " in said[1]
    assert "rearranged within subjects" in said[1]
    assert "given signs" in said[2]
    assert "Alekseyenko" not in said[2]
    assert "Johansen (1980), with a spread for each group" in said[3]
    for place, found in enumerate((number_, pairs, one, three)):
        folder = tmp_path / str(place)
        write_comparison(found, folder)
        again = read_comparison(folder)
        assert again.to_dict() == found.to_dict()
        pd.testing.assert_frame_equal(again.edges, found.edges, check_dtype=False)
        assert b"Methods" in html_bytes(groups_document(found), ReportSettings())


def test_an_interaction_and_a_contrast_are_not_called_a_difference_of_all_groups():
    rng = np.random.default_rng(0)
    kinds = {"attributes": {"type": KINDS}}
    networks = [as_connectome(rng.normal(size=(16, 16)), **kinds) for _ in range(12)]
    table = pd.DataFrame({"group": [*"xyz"] * 4, "age": rng.normal(size=12)})

    def first_answer(formula, test):
        options = {"formula": formula, "test": test, "n_permutations": 19}
        return groups_answers(
            compare_groups(networks, participants=table, edges="none", **options)
        )[0]

    assert first_answer("group", "group").startswith("The 3 groups x, y and z ")
    contrast = "group[T.y] - group[T.z]"
    assert first_answer("group", contrast).startswith("The connectomes as a whole ")
    assert "go with group:age" in first_answer("group * age", "group:age")


def test_blocks_that_differ_on_one_scale_alone_are_named():
    found = groups_of("a", "b", normalize="median")
    table = found.blocks.assign(q_value=[0.2, 0.01, 0.2, 0.2], q_as_read=0.01)
    (told,) = [t for t in groups_answers(replace(found, blocks=table)) if "blocks" in t]
    assert "On one scale alone (as read, or scaled) p to p, q to p and q to q" in told
    same = found.blocks.assign(q_as_read=found.blocks["q_value"])
    assert "one scale" not in " ".join(groups_answers(replace(found, blocks=same)))


def test_what_the_intervals_exclude_is_said_of_blocks_without_evidence():
    found = groups_of("a", "b")
    bounds = {"low": [-0.5, 1.0, -0.25, -0.1], "high": [0.5, 6.0, 0.75, 0.1]}
    table = found.blocks.assign(q_value=[0.5, 0.01, 0.5, 0.5], **bounds)
    told = " ".join(groups_answers(replace(found, blocks=table)))
    assert "In the other 3 the 95 % interval of each leaves out" in told
    assert "beyond \u00b10.75 " in told


def test_effects_are_drawn_filled_where_they_are_evidence():
    found = groups_of("a", "b")
    table, standardised = effects_shown(found)
    assert standardised
    (axes,) = plot_effects(found).axes
    drawn = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in drawn] == table["middle"].tolist()
    filled = [line.get_markerfacecolor() != "white" for line in drawn]
    assert filled == (table["p_fwe"] <= 0.05).tolist()
    assert any(filled)
    assert not all(filled)


def test_components_are_drawn_edge_by_edge():
    found = groups_of("a", "b")
    inside = found.edges[found.edges["component"] > 0]
    assert len(inside) > 3
    (axes,) = plot_components(found).axes
    points = np.concatenate([one.get_offsets() for one in axes.collections])
    assert len(points) == len(inside)
    names = [text.get_text() for text in axes.get_yticklabels()]
    edges = {(names[int(y)], names[int(x)]) for x, y in points}
    assert edges == set(zip(inside["from"], inside["to"], strict=True))


def test_what_holds_no_whole_comparison_is_refused(comparison, tmp_path):
    with pytest.raises(ValueError, match=r"comparison\.json does not exist"):
        read_comparison(tmp_path)
    with pytest.raises(ValueError, match="must be a folder of results, with one of"):
        read_result(tmp_path)
    paths = write_comparison(comparison, tmp_path)
    content = json.loads(paths["json"].read_text())
    paths["json"].write_text(json.dumps({**content, "labels": [[0]]}))
    with pytest.raises(ValueError, match=r"labels: must be a list of 2, got \[\[0\]\]"):
        read_comparison(tmp_path)
    del content["labels"]
    paths["json"].write_text(json.dumps(content))
    with pytest.raises(ValueError, match="no 'labels'"):
        read_comparison(tmp_path)
    paths["json"].write_text(json.dumps({**content, "format_version": 9}))
    with pytest.raises(ValueError, match="format version 1, got 9"):
        read_comparison(tmp_path)
    del content["format"]  # as earlier versions wrote it
    paths["json"].write_text(json.dumps(content))
    with pytest.raises(ValueError, match="must have a format of commstruct-comp"):
        read_comparison(tmp_path)


def test_the_report_of_groups_has_the_whole_command():
    command = " ".join(f"individual-{i}.csv" for i in range(200))
    found = groups_of("a", "b", normalize="median")
    document = groups_document(replace(found, provenance={"command": command}))
    page = html_bytes(document, ReportSettings()).decode()
    assert "individual-199.csv" in page
    assert "factors from" in page  # not ten of them


def test_blocks_that_differ_in_density_alone_are_named(comparison):
    table = comparison.blocks.copy()
    table["mean_q"] = 1.0
    table["density_q"] = [0.01, 1.0, 1.0, 1.0]
    told = blocks_answer(replace(comparison, blocks=table))
    assert "none differ in mean weight and 1 in density" in told
    assert "from p to p, denser in other" in told


def test_what_worms_differ_by_is_said_of_worms_alone():
    told = worm_sentence(("celegans-male", "celegans-hermaphrodite"))
    assert "0.73 for the two sexes (292 cells)" in told
    assert "0.88 for two adults of one laboratory (218 cells)" in told
    assert "0.75 for two laboratories, one sex (180 cells)" in told
    assert "Differences between laboratories are as large" in told
    assert worm_sentence(("celegans-male", None)) is None
    assert worm_sentence(("celegans-male", "karate")) is None


def hostile_networks():
    """Networks whose neurons and types have names that try to be markup."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(HOSTILE, 3)
    names = [f"{kind[:9000]}{i}" for i, kind in enumerate(kinds)]
    n = len(names)
    return [
        as_connectome(
            rng.poisson(3.0, size=(n, n)) * (1.0 - np.eye(n)),
            names=names,
            attributes={"type": kinds},
        )
        for _ in range(4)
    ]


def hostile_pair():
    found = compare_connectomes(
        *hostile_networks()[:2],
        seed=0,
        names=(HOSTILE[0], HOSTILE[1]),
        n_nulls=1,
        n_permutations=10,
        restarts=1,
    )
    return comparison_document(replace(found, provenance={"command": HOSTILE[0]}))


def hostile_groups():
    found = compare_groups(
        hostile_networks(),
        [HOSTILE[0], HOSTILE[1]] * 2,
        seed=0,
        names=HOSTILE[:4],
        n_permutations=10,
    )
    return groups_document(replace(found, provenance={"command": HOSTILE[0]}))


@pytest.mark.parametrize("make", [hostile_pair, hostile_groups])
def test_names_that_are_markup_are_text_in_both_faces(make):
    document, settings = make(), ReportSettings()
    page = html_bytes(document, settings).decode()
    elements = Elements(page)
    kinds = [script.get("type") for script in elements.of("script")]
    assert kinds == ["application/json", None]  # data of the explorer, and ours
    assert not elements.of("img", "iframe", "object", "embed", "link", "form", "base")
    assert not any(
        name.startswith("on") for _, attributes in elements.found for name in attributes
    )
    assert "<script>alert(1)</script>" in "".join(elements.texts)
    reader = PdfReader(io.BytesIO(pdf_bytes(document, settings)))
    text = "".join(page.extract_text() for page in reader.pages)
    squeezed = "".join(text.split())
    for words in ("<script>alert(1)", '#read("/etc/passwd")', "$x$", "U+202Eevil"):
        assert words in squeezed, words
    for words in (page, text):
        assert "\u202e" not in words
        assert "n" * 500 not in words
        assert "root:x" not in words


document_of = cache(groups_document)


@cache
def with_modules(second, strength=3.0, **options):
    """Six networks with three modules, and six with others."""
    rng = np.random.default_rng(0)
    networks = []
    for labels in [MODULES] * 6 + [second] * 6:
        noise = np.triu(rng.standard_normal((18, 18)), 1)
        together = strength * np.equal.outer(labels, labels)
        networks.append(as_connectome(noise + noise.T + together))
    return compare_groups(networks, "a" * 6 + "b" * 6, n_permutations=99, **options)


def test_modules_of_individuals_are_drawn_and_their_difference_said():
    comparison = with_modules((0, 1, 2) * 6)
    answer = groups_answers(comparison)[-1]
    assert "The groups differ in which neurons are together" in answer
    assert "agree more than by chance" in answer
    html = html_bytes(document_of(comparison), ReportSettings()).decode()
    assert "individual_modules.csv" in html
    assert any("paired one to one" in text for text in method_paragraphs(comparison))
    same = groups_answers(with_modules(MODULES))[-1]
    assert same.endswith("They are the same in all.")
    alike = groups_answers(with_modules(MODULES, strength=1.0))[-1]
    assert "show no evidence that they differ in which neurons" in alike


def test_a_report_without_modules_of_individuals_does_not_speak_of_them():
    comparison = with_modules(MODULES, modules="none")
    html = html_bytes(document_of(comparison), ReportSettings()).decode()
    assert "Modules of individuals" not in html
    assert not any("Leiden" in text for text in method_paragraphs(comparison))


@cache
def located(shift, **columns):
    """Ten networks of eight neurons with places, half of them with more weight."""
    rng = np.random.default_rng(0)
    places = dict(zip("xyz", rng.normal(size=(3, 8)), strict=True))
    networks = []
    for i in range(10):
        weights = rng.normal(size=(8, 8)) + shift * (i >= 5)
        networks.append(as_connectome(weights, attributes={**places, **columns}))
    people = pd.DataFrame(
        {
            "participant_id": [f"sub-{i}" for i in range(10)],
            "born": ["3 May 1971"] * 10,
            "diagnosis": ["HC"] * 5 + ["PT"] * 5,
            "age": rng.normal(40, 5, 10).round(1),
        }
    )
    return compare_groups(
        networks,
        participants=people,
        formula="diagnosis + age",
        normalize="none",
        n_permutations=199,
    )


def test_components_are_drawn_from_three_sides_where_neurons_have_places(tmp_path):
    comparison = located(4.0)
    assert len(comparison.components)
    figure = plot_components(comparison)
    assert [axes.get_xlabel() for axes in figure.axes] == ["x", "x", "y"]
    n_lines = [
        sum(len(lines.get_segments()) for lines in axes.collections)
        for axes in figure.axes
    ]
    shown = comparison.edges["component"].between(1, 6).sum()
    assert n_lines == [shown] * 3
    write_comparison(comparison, tmp_path)
    again = read_comparison(tmp_path)
    pd.testing.assert_frame_equal(again.places, comparison.places)
    nowhere = replace(comparison, places=pd.DataFrame())
    assert len(plot_components(nowhere).axes) == 1
    partly = located(0.0, x=(1.0,) * 7 + (np.nan,))
    assert not len(partly.places)


def test_participants_are_shown_by_their_id_and_predictors_alone():
    html = html_bytes(groups_document(located(0.0)), ReportSettings()).decode()
    section = html.partition(">Participants<")[2] or html.partition("Participants")[2]
    for text in ("sub-0", "PT", "age", "diagnosis"):
        assert text in section
    assert "1971" not in html


def test_methods_name_what_was_compared_and_their_sources():
    comparison = with_modules((0, 1, 2) * 6)
    first = method_paragraphs(comparison)[0]
    assert first.startswith("12 connectomes (6 of a and 6 of b) were compared")
    sources = "\n".join(references_of(comparison))
    assert "NeuroImage 92" in sources  # Winkler et al. 2014
    assert "srep00336" in sources
    assert "btw524" in sources
    without = references_of(with_modules(MODULES, modules="none"))
    assert "srep00336" not in "\n".join(without)


def references_of(comparison):
    """Lines of the list of references, which is the last part of the report."""
    items = document_of(comparison).blocks[-1]["items"]
    return [item[0] for item in items]


@pytest.mark.parametrize(
    ("sizes", "ways", "needed", "enough"),
    [
        ((3, 3), 10, "With 4 of a and 4 of b it could be (35 ways", (4, 4)),
        ((2, 4), 15, "With 3 of a and 5 of b it could be (56 ways", (3, 5)),
        ((1, 5), 6, "With 2 of a and 6 of b it could be (28 ways", (2, 6)),
        ((2, 2, 2), 15, "With 3 of a, 3 of b and 3 of c it could be", (3, 3, 3)),
    ],
)
def test_what_cannot_be_tested_says_so_and_what_would_be_needed(
    sizes, ways, needed, enough
):
    comparison = apart(sizes)
    first, *others = groups_answers(comparison)
    assert first.startswith(
        f"Whether the groups differ cannot be tested: there are only {ways} ways to "
        f"rearrange these individuals, so p is at least {1 / ways:.2g}"
    )
    assert needed in first
    assert not any("no evidence" in text or "none differ" in text for text in others)
    assert any("this is no test" in text for text in others)
    # and so it is: the smallest design that is said to be enough can be tested
    assert comparison.smallest_p > LEVEL
    assert "cannot be tested" not in " ".join(groups_answers(apart(enough)))
    assert apart(enough).smallest_p <= LEVEL


def test_the_report_of_three_against_three_never_says_no_evidence():
    document = groups_document(apart((3, 3), modules="any"))
    assert "cannot be tested" in document.blocks[2]["text"]
    assert document.blocks[2]["kind"] == "headline"
    text = json.dumps(document.blocks)
    assert "no evidence" not in text
    assert "none differ" not in text


def test_few_permutations_or_signs_cannot_test_either():
    few = apart((6, 6), n_permutations=9)
    assert "with 9 permutations: p is at least 0.1" in groups_answers(few)[0]
    assert "19 permutations or more are needed" in groups_answers(few)[0]
    signs = replace(
        apart((3, 2)), exchange="signs", n_deals=16, smallest_p=1 / 16, exact=True
    )
    assert "6 connectomes or more are needed." in groups_answers(signs)[0]
    within = replace(signs, exchange="within")
    assert "6 subjects with two connectomes each" in groups_answers(within)[0]
    other = replace(signs, exchange="within", n_deals=6, smallest_p=1 / 6)
    assert "More individuals are needed, for 20 ways" in groups_answers(other)[0]


@cache
def apart(sizes, **options):
    """Groups of networks of six neurons that differ plainly."""
    rng = np.random.default_rng(0)
    networks = []
    for place, size in enumerate(sizes):
        networks += [rng.random((6, 6)) + 5 * place * np.eye(6)[0] for _ in range(size)]
    groups = [
        f"{'abc'[place]}" for place, size in enumerate(sizes) for _ in range(size)
    ]
    options = {"n_permutations": 999, "edges": "none", "modules": "none", **options}
    return compare_groups(networks, groups, **options)
