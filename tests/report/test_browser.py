"""The HTML pages in a real browser: what moves, what is said, what is never done."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.hostile import HOSTILE, SETTINGS, hostile_network
from helpers.stores import CHECKPOINTS, make_store
from helpers.studies import facts_of
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from scipy import sparse

from commstruct.analysis import Analysis, analyze, open_sweep, read_weights
from commstruct.blocks.structure import block_structure
from commstruct.compare import compare_connectomes
from commstruct.connectome import as_connectome
from commstruct.report import write_report
from commstruct.study.results import StudyResult

PRESENT = np.kron(np.eye(3), np.ones((4, 4))) - np.eye(12)  # three cliques of four
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, nor in most containers.
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """The page of a sweep, and its analysis; the store is beside the page."""
    out = tmp_path_factory.mktemp("sweep")
    store = make_store(
        out / "sweep.zarr",
        contrasts={0.1: 1.5, 0.3: 0.0, 1.0: -1.5},
        diverged=[(0.3, 1)],
    )
    analysis = analyze(store, **SETTINGS, regions=["whole", "hidden", "learned change"])
    write_report(analysis, out, formats=["html"])
    return out / "report.html", analysis


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a network whose names, types, title and author are attacks."""
    network = hostile_network()
    analysis = analyze(network, **SETTINGS, command="</script><script>hurt()</script>")
    paths = write_report(
        analysis,
        tmp_path_factory.mktemp("hostile"),
        network=network,
        title="</title><script>hurt()</script>${hurt()}",
        author='"><img src=x onerror=hurt()>\u202e',
        formats=["html"],
    )
    return paths["html"]


class Visit:
    """A page that was opened, with everything that it said and asked for."""

    def __init__(self, context: BrowserContext, file: Path) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", self._refused)
        self.file = file
        self.page.goto(file.as_uri())

    def _refused(self, request: Request) -> None:
        assert request.failure == "csp"
        self.requests.remove(request.url)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def choose(self, control: str, place: int | str) -> None:
        """Move a slider, or choose of a list."""
        found = self.page.locator(f"#{control}")
        if found.evaluate("element => element.tagName") == "SELECT":
            found.select_option(str(place))
        else:
            found.fill(str(place))

    def picture(self, canvas: str) -> str:
        return str(
            self.page.locator(f"#{canvas}").evaluate("canvas => canvas.toDataURL()")
        )

    def check_quiet(self) -> None:
        """Nothing was complained of, and nothing but the page was asked for."""
        assert self.complaints == []
        outside = [url for url in self.requests if not url.startswith("data:")]
        assert outside == [self.file.as_uri()]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Any]:
    contexts = []

    def open_page(file: Path, **settings: Any) -> Visit:
        contexts.append(browser.new_context(**settings))
        return Visit(contexts[-1], file)

    yield open_page
    for context in contexts:
        context.close()


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def test_the_slider_moves_matrix_blocks_and_scores_together(sweep, visit):
    file, analysis = sweep
    seen = visit(file)
    found = {
        (one.learning_rate, one.seed): one
        for one in analysis.regions
        if one.region == "whole"
    }
    pictures = []
    for place, rate in enumerate((0.1, 0.3, 1.0)):
        seen.choose("rate", place)
        assert number(seen.text("#rate-value")) == rate
        assert seen.page.locator("#rate").get_attribute("aria-valuetext") == (
            f"learning rate {rate:g}"
        )
        one = found[rate, 0]
        assert number(seen.text("#diagonal_score")) == pytest.approx(
            one.score("diagonal_score"), rel=1e-2
        )
        assert number(seen.text("#modularity")) == pytest.approx(
            one.score("modularity"), rel=1e-2
        )
        assert seen.text("#state").startswith(f"{one.partition.n_modules} module")
        pictures.append((seen.picture("matrix"), seen.picture("blocks")))
    assert len({matrix for matrix, _ in pictures}) == 3
    assert len({blocks for _, blocks in pictures}) == 3
    seen.choose("seed", 1)
    assert number(seen.text("#diagonal_score")) == pytest.approx(
        found[1.0, 1].score("diagonal_score"), rel=1e-2
    )
    seen.choose("rate", 1)
    assert "diverged at step 42" in seen.text("#state")
    assert seen.text("#diagonal_score") == "\u2013"
    seen.check_quiet()


def test_scores_before_the_end_are_of_those_weights_on_the_modules_of_the_end(
    sweep, visit
):
    file, analysis = sweep
    seen = visit(file)
    seen.choose("checkpoint", 1)
    assert seen.text("#checkpoint-value") == str(CHECKPOINTS[1])
    store = open_sweep(file.parent / "sweep.zarr")
    weights = read_weights(store, store.runs[0])[1].astype(float)
    expected = block_structure(
        as_connectome(weights, possible=store.mask),
        analysis.regions[0].partition.labels,
    )
    assert number(seen.text("#diagonal_score")) == pytest.approx(
        expected.diagonal_score, rel=1e-2
    )
    assert seen.text("#diagonal_score-tested") == "\u2013"
    assert "found at the end of training; not tested" in seen.text("#state")


def test_weights_are_read_by_keyboard_and_pointer_in_every_order(sweep, visit):
    file, analysis = sweep
    seen = visit(file)
    store = open_sweep(file.parent / "sweep.zarr")
    weights = read_weights(store, store.runs[0])
    labels = analysis.regions[0].partition.labels
    seen.choose("order", "original")
    seen.page.locator("#matrix").focus()
    seen.page.keyboard.press("End")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        seen.page.keyboard.press(key)
    expected = (
        rf"From 33 \(module {labels[33]}, output\) to 34 \(module {labels[34]}, "
        r"output\): weight (\S+) ± (\S+)"
    )
    read = re.fullmatch(expected, seen.text("#readout"))
    assert read is not None, seen.text("#readout")
    assert abs(number(read[1]) - weights[-1][33, 34]) <= number(read[2]) * 1.3
    seen.choose("region", 2)
    assert "weight change" in seen.text("#readout")
    change = number(seen.text("#readout").split()[-3])
    assert change == pytest.approx(weights[-1][33, 34] - weights[0][33, 34], abs=0.1)
    seen.choose("region", 0)
    seen.choose("order", "module")
    box = seen.page.locator("#matrix").bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
    assert "From 3" in seen.text("#readout")
    assert f"(module {labels.max()}, " in seen.text("#readout")
    assert "no connection may exist" in seen.text("#readout")  # with itself
    seen.page.locator("#blocks").focus()
    means = analysis.regions[0].blocks.means
    assert f"From module 0 to module 0: mean weight {means[0, 0]:.3g}".replace(
        "-", "\u2212"
    ) == seen.text("#readout")


def test_without_javascript_everything_but_the_explorer_is_there(sweep, visit):
    seen = visit(sweep[0], java_script_enabled=False)
    text = seen.text("body")
    for words in (
        "Question.",
        "Blocks by learning rate",
        "Runs",
        "Provenance",
        "Figure 1.",
    ):
        assert words in text
    assert "The explorer needs JavaScript" in text
    assert not seen.page.locator("#matrix").is_visible()
    assert not seen.page.locator("#theme").is_visible()
    drawings = seen.page.locator("figure svg").all()
    assert len(drawings) >= 8
    for drawing in drawings:
        box = drawing.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 50
    for link in seen.page.locator("nav a").all():
        target = link.get_attribute("href")
        assert seen.page.locator(target).count() == 1
    seen.check_quiet()


def test_a_printed_page_clips_no_table(sweep, visit):
    seen = visit(sweep[0], viewport={"width": 718, "height": 1000})  # A4, 10 mm margins
    seen.page.emulate_media(media="print")
    wide = seen.page.evaluate(
        """[...document.querySelectorAll("main .scroll[id]")]
        .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.id)"""
    )
    assert wide == []


@pytest.mark.parametrize("way", ["preference", "button"])
def test_a_dark_page_is_printed_in_dark_words(sweep, visit, way):
    seen = visit(sweep[0], color_scheme="dark" if way == "preference" else "light")
    if way == "button":
        seen.page.locator("#theme").click()

    def words() -> str:
        return seen.page.evaluate("getComputedStyle(document.body).color")

    assert words() == "rgb(230, 233, 236)"
    seen.page.emulate_media(media="print")
    assert words() == "rgb(27, 31, 35)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(sweep, visit, scheme):
    seen = visit(sweep[0], color_scheme=scheme, viewport={"width": 390, "height": 800})
    seen.page.locator("#matrix").focus()
    check_axe(seen)
    width = seen.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_the_button_turns_light_into_dark_and_back(sweep, visit):
    seen = visit(sweep[0])

    def background() -> str:
        return seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = background()
    seen.page.get_by_role("button", name="Dark colours").click()
    dark = background()
    assert max(map(int, re.findall(r"\d+", dark))) < 60 < 200
    assert min(map(int, re.findall(r"\d+", light))) > 200
    seen.page.get_by_role("button", name="Light colours").click()
    assert background() == light
    seen.check_quiet()


def test_names_that_are_markup_are_text_and_execute_nothing(hostile_page, visit):
    seen = visit(hostile_page)
    page = seen.page
    assert page.evaluate("typeof hurt") == "undefined"
    assert page.locator("script").count() == 2  # the data and ours
    assert page.locator("img, iframe, object, embed, link, base").count() == 0
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(element =>"
        " [...element.attributes].every(one => !one.name.startsWith('on')))"
    )
    assert seen.text("h1") == "</title><script>hurt()</script>${hurt()}"
    assert page.title() == "</title><script>hurt()</script>${hurt()}"
    assert seen.text(".author") == '"><img src=x onerror=hurt()>U+202E'
    page.locator("#order").select_option("original")
    page.locator("#matrix").focus()
    readouts = []
    for _ in HOSTILE:
        readouts.append(seen.text("#readout"))
        page.keyboard.press("ArrowDown")
    text = " ".join(readouts)
    assert "From <script>alert(1)</script> (" in text
    assert 'From #read("/etc/passwd") (' in text
    assert "From $x$ (" in text
    assert "U+202Eevil" in text
    assert "(no name)" in text
    assert max(map(len, readouts)) < 400
    seen.check_quiet()


def test_the_policy_stops_scripts_that_are_not_ours(hostile_page, visit, tmp_path):
    html = hostile_page.read_text(encoding="utf-8")
    spoilt = tmp_path / "spoilt.html"
    attack = (
        "<script>window.hurt = 1</script>"
        "<img src='https://example.org/x.png' onerror='window.hurt = 1'>"
    )
    spoilt.write_text(html.replace("<footer>", attack + "<footer>"), encoding="utf-8")
    seen = visit(spoilt)
    assert seen.page.evaluate("typeof window.hurt") == "undefined"
    assert [url for url in seen.requests if not url.startswith("data:")] == [
        spoilt.as_uri()
    ]
    assert any("Content Security Policy" in text for text in seen.complaints)


def test_whole_weights_are_exact_and_types_can_order_them(visit, tmp_path):
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, size=(40, 40)).astype(float)
    np.fill_diagonal(counts, 0)
    network = as_connectome(
        counts,
        names=[f"N{i}" for i in range(40)],
        attributes=pd.DataFrame({"type": ["b", "a"] * 20}),
    )
    analysis = analyze(network, **SETTINGS)
    path = write_report(analysis, tmp_path, network=network, formats=["html"])["html"]
    seen = visit(path)
    assert seen.page.locator("#rate").count() == 0
    seen.choose("order", "group")
    seen.page.locator("#matrix").focus()
    seen.page.keyboard.press("ArrowRight")
    first = re.fullmatch(
        r"From (N\d+) \(module \d+, a\) to (N\d+) \(module \d+, a\): weight (\d+)",
        seen.text("#readout"),
    )
    assert first is not None, seen.text("#readout")
    pre, post = (int(name[1:]) for name in first.groups()[:2])
    assert int(first[3]) == counts[pre, post]
    seen.check_quiet()


def test_colours_of_blocks_reach_as_far_as_their_key_says(visit, tmp_path):
    labels = np.repeat([0, 1], 6)
    weights = np.where(labels[:, None] == labels, 3.0, 1.0)  # whole numbers
    np.fill_diagonal(weights, 0)
    analysis = analyze(weights, **SETTINGS | {"structures": ["assortative"]})
    assert analysis.regions[0].partition.n_modules == 2
    path = write_report(analysis, tmp_path, network=weights, formats=["html"])["html"]
    seen = visit(path)
    assert (seen.text("#blocks-low"), seen.text("#blocks-high")) == ("0", "3")
    shades = seen.page.evaluate(
        """() => {
          const canvas = document.getElementById("blocks");
          const side = canvas.width;
          const context = canvas.getContext("2d");
          return [0.3, 0.8].map((x) => {
            const [r, g, b] = context.getImageData(x * side, 0.3 * side, 1, 1).data;
            return 0.299 * r + 0.587 * g + 0.114 * b;
          });
        }"""
    )
    assert shades[0] < 20  # the largest mean is the darkest colour
    assert 60 < shades[1] < 230
    seen.check_quiet()


def test_weights_of_a_large_sparse_network_are_on_the_page(visit, tmp_path):
    n = 1200  # too many for all their pairs
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    chance = np.where(labels[:, None] == labels, 0.03, 0.002)
    counts = np.where(rng.random((n, n)) < chance, rng.poisson(3, (n, n)), 0.0)
    np.fill_diagonal(counts, 0)
    network = as_connectome(sparse.csr_array(counts), names=[f"N{i}" for i in range(n)])
    settings = SETTINGS | {"n_nulls": 0}
    analysis = analyze(network, **settings)
    path = write_report(analysis, tmp_path, network=network, formats=["html"])["html"]
    assert path.stat().st_size < 2_000_000
    seen = visit(path)
    seen.choose("order", "original")
    seen.page.locator("#matrix").focus()
    pre, post = next(zip(*np.nonzero(counts), strict=True))
    for _ in range(post):
        seen.page.keyboard.press("ArrowRight")
    for _ in range(pre):
        seen.page.keyboard.press("ArrowDown")
    words = seen.text("#readout")
    assert re.search(rf"From N{pre} .* to N{post} ", words)
    assert words.endswith(f"weight {counts[pre, post]:g}")
    seen.check_quiet()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of two connectomes with the same neurons, and its comparison."""
    rng = np.random.default_rng(1)
    names = [f"cell {i}" for i in range(12)]
    networks = [
        as_connectome(PRESENT * rng.integers(1, 9, (12, 12)), names=names)
        for _ in range(2)
    ]
    quick = {"n_permutations": 9, "n_bootstraps": 9, "restarts": 1, "n_nulls": 3}
    compared = compare_connectomes(*networks, names=("low", "high"), **quick)
    out = tmp_path_factory.mktemp("pair")
    return write_report(compared, out, formats=["html"])["html"], compared


def test_networks_that_are_compared_are_explored_one_by_one(pair, visit):
    file, compared = pair
    seen = visit(file)
    difference = (compared.b.weights - compared.a.weights)[2, 3]
    for place, weight in enumerate(
        (compared.a.weights[2, 3], compared.b.weights[2, 3], difference)
    ):
        seen.choose("region", place)
        seen.choose("order", "original")
        seen.page.locator("#matrix").focus()
        seen.page.keyboard.press("Home")
        for key in ["ArrowDown"] * 2 + ["ArrowRight"] * 3:
            seen.page.keyboard.press(key)
        words = seen.text("#readout")
        assert words.startswith("From cell 2 (module ")
        assert number(words.split()[-3]) == pytest.approx(weight, rel=1e-2)
    seen.choose("region", 1)
    seen.choose("structure", 1)
    axis = compared.axis.set_index(["connectome", "score"])
    observed = axis.loc[("high", "diagonal_score"), "observed"]
    assert number(seen.text("#diagonal_score")) == pytest.approx(observed, rel=1e-2)
    seen.check_quiet()


def test_a_neuron_is_found_pinned_and_kept_in_the_address(pair, visit):
    file, compared = pair
    seen = visit(file)
    seen.choose("find", "cell 1")  # and 10, and 11
    found = seen.page.locator("#found button").all_inner_texts()
    assert found == ["cell 1", "cell 10", "cell 11"]
    before = seen.picture("matrix")
    seen.page.get_by_role("button", name="cell 11").click()
    words = seen.text("#readout")
    sent = compared.a.weights[11]
    assert words.startswith("Pinned. cell 11 (module ")
    assert f"Sends to {np.count_nonzero(sent)}, the most to cell " in words
    assert seen.picture("matrix") != before
    address = seen.page.locator("#permalink").get_attribute("href")
    again = visit(file)
    again.page.evaluate("address => { location.hash = address }", address)
    again.page.wait_for_function("!document.getElementById('unpin').hidden")
    assert again.text("#readout") == words
    assert again.picture("matrix") == seen.picture("matrix")
    seen.page.get_by_role("button", name="Show all again").click()
    assert seen.picture("matrix") == before
    seen.check_quiet()


def test_a_module_of_the_table_is_shown_alone(pair, visit):
    file, compared = pair
    seen = visit(file)
    labels, means = (
        compared.labels[0],
        block_structure(compared.a, compared.labels[0]).means,
    )
    rows = seen.page.locator("#modules-body tr").all()
    assert len(rows) == labels.max() + 1
    cells = rows[0].locator("td").all_inner_texts()
    assert cells[0] == str((labels == 0).sum())
    assert number(cells[1]) == pytest.approx(means[0, 0], rel=1e-2)
    before = seen.picture("matrix"), seen.picture("blocks")
    button = rows[0].locator("button")
    button.click()
    for i in np.flatnonzero(labels == 0):
        assert f"cell {i}" in seen.text("#readout")
    assert seen.picture("matrix") != before[0]
    assert seen.picture("blocks") != before[1]
    assert button.get_attribute("aria-pressed") == "true"


def test_a_study_is_a_map_to_move_on(visit, tmp_path):
    result = StudyResult(facts_of(["supported", "opposite"]))
    seen = visit(write_report(result, tmp_path, formats=["html"])["html"])
    rows = seen.page.locator("#slopes-body tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["setting 0", "setting 1"]
    assert "supported" in rows[0]
    seen.choose("setting", 1)
    seen.page.locator("#map").focus()
    for _ in range(3):  # to the last of its rates
        seen.page.keyboard.press("ArrowRight")
    assert seen.text("#readout") == (
        "setting 1, learning rate 1: D = +0.4 (+0.35 to +0.45)"
    )
    check_axe(seen)
    seen.check_quiet()


def test_what_a_page_shows_is_saved_and_copied(pair, visit):
    seen = visit(pair[0], permissions=["clipboard-read", "clipboard-write"])
    page = seen.page
    with page.expect_download() as waited:
        page.locator("figure").first.get_by_role("button", name="Save as PNG").click()
    picture = Image.open(waited.value.path())
    assert picture.format == "PNG"
    assert len(np.unique(np.asarray(picture.convert("L")))) > 20  # is drawn
    page.get_by_role("button", name="Copy table").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    first = page.locator("main .scroll[id] table").first.locator("tr").first
    assert copied.split("\n")[0].split("\t") == first.locator("th").all_inner_texts()
    page.get_by_role("button", name="Copy methods").click()
    methods = page.evaluate("navigator.clipboard.readText()")
    assert "Methods" not in methods.split("\n")[0]
    assert len(methods) > 500
    page.locator("figure").first.get_by_role("button", name="Open full size").click()
    assert page.locator("dialog img").evaluate("image => image.naturalWidth") > 0
    page.get_by_role("button", name="Close").click()
    page.locator("dialog").wait_for(state="detached")  # it is closed a moment later
    check_axe(seen)


def check_axe(seen: Visit) -> None:
    found = Axe().run(seen.page).response
    serious = [
        (one["id"], [node["html"][:120] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert len(found["passes"]) > 15
