"""Check the documentation site for dead links and for barriers to its readers.

    python scripts/check_site.py [FOLDER] [--links-only]

FOLDER is what `make docs` built, by default docs/_build/html. Every link to a file of
the site must lead to one, and to an element if it names one. Every page, at the widths
of a desk and a phone, and in the light and the dark theme, must be without violations
that axe-core calls serious or critical, and no wider than the screen. The search of the
site must find what is on it. Links to other sites are left alone: the check needs no
network.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

# Colours do not depend on the width of the screen, so that the dark theme is looked at
# on one.
SCREENS = (("desk", 1280, "light"), ("desk", 1280, "dark"), ("phone", 390, "light"))
SEVERE = ("serious", "critical")
# Pages of one template: all are looked at on a phone, as the narrow screen has most to
# get wrong; a few stand for all of them elsewhere.
TEMPLATES = ("generated/api",)
OF_EACH_TEMPLATE = 5
LONGEST_SEARCH = 20  # seconds, on a busy machine
# What a reader may type, and a page that the search must then list.
SEARCHES = {
    "structure_significance": "generated/api/commstruct.structure_significance.html",
    "mushroom body": "tutorials/cell_types.html",
}


class Links(HTMLParser):
    """The links of a page, and the names that links can lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.update(filter(None, (given.get("id"), given.get("name"))))
        link = given.get("src") or given.get("href")
        if link is not None and tag != "base":
            self.links.append(link)


def pages_of(site: Path) -> list[Path]:
    """All pages; what lies in folders such as _static belongs to the theme."""
    paths = sorted(site.rglob("*.html"))
    return [path for path in paths if not str(path.relative_to(site)).startswith("_")]


def dead_links(site: Path) -> Iterator[str]:
    """Links of all pages that lead to no file, or to no element, of the site."""
    pages = {path.resolve(): Links() for path in pages_of(site)}
    for path, page in pages.items():
        page.feed(path.read_text("utf-8"))
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            name = unquote(parts.fragment)
            if not to.is_file():
                yield f"{path.relative_to(site.resolve())}: no file for {link}"
            elif name and to in pages and name not in pages[to].names:
                yield f"{path.relative_to(site.resolve())}: no element for {link}"


def some_of_each_template(site: Path) -> list[Path]:
    """All pages, but of those that are made from one template only a few."""
    chosen, seen = [], dict.fromkeys(TEMPLATES, 0)
    for path in pages_of(site):
        folder = path.parent.relative_to(site).as_posix()
        if folder in seen:
            seen[folder] += 1
        if seen.get(folder, 0) <= OF_EACH_TEMPLATE:
            chosen.append(path)
    return chosen


def chromium_path() -> str:
    """Where the browser is; SystemExit that says how to do without it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), "")
    if not found:
        raise SystemExit("chromium is not installed: install it, or give --links-only")
    return found


def faults_of_pages(browser: Any, site: Path) -> Iterator[str]:
    """Serious violations of accessibility, and pages that are wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    for device, width, theme in SCREENS:
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=theme
        )
        pages = pages_of if device == "phone" else some_of_each_template
        for path in pages(site):
            page.goto(path.resolve().as_uri())
            where = f"{path.relative_to(site)} ({device}, {theme})"
            if page.evaluate("document.documentElement.dataset.theme") != theme:
                yield f"{where}: is not shown in the {theme} theme"
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                yield f"{where}: {wide} pixels wide on a screen of {width}"
            for found in Axe().run(page).response["violations"]:
                if found["impact"] in SEVERE:
                    first = found["nodes"][0]
                    yield (
                        f"{where}: {found['id']}, {len(found['nodes'])} times, first "
                        f"{first['target']}: {first['html'][:120]}"
                    )
        page.close()


def failed_searches(browser: Any, site: Path) -> Iterator[str]:
    """What the search of the site should find, and does not; errors of its script."""
    from playwright.sync_api import TimeoutError

    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: errors.append(said.text) if said.type == "error" else None,
    )
    for words, expected in SEARCHES.items():
        page.goto(f"{(site / 'search.html').resolve().as_uri()}?q={quote(words)}")
        listed = f'#search-results a[href*="{expected}"]'
        try:
            page.wait_for_selector(listed, timeout=1000 * LONGEST_SEARCH)
        except TimeoutError:
            yield f"search.html: {words!r} does not find {expected}"
    yield from (f"search.html: {error}" for error in dict.fromkeys(errors))
    page.close()


def faults_in_browser(site: Path) -> Iterator[str]:
    """What a browser shows to be wrong with the pages or the search."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, nor in most containers.
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox"]
        )
        yield from failed_searches(browser, site)
        yield from faults_of_pages(browser, site)
        browser.close()


def main() -> int:
    """Print what was found; 1 if there was anything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default="docs/_build/html")
    parser.add_argument("--links-only", action="store_true", help="open no browser")
    given = parser.parse_args()
    if not (given.folder / "index.html").is_file():
        parser.error(f"FOLDER must hold a site, got no index.html in {given.folder}")
    found = list(dead_links(given.folder))
    if not given.links_only:
        found += faults_in_browser(given.folder)
    print("\n".join(found) or "no dead links and no serious violations")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
