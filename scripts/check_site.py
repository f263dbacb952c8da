"""Check the documentation site for dead links and for barriers to its readers.

    python scripts/check_site.py [FOLDER] [--links-only]

FOLDER is what `make docs` built, by default docs/_build/html. Every link to a file of
the site must lead to one, and to an element if it names one. Every page, at the widths
of a desk and a phone, must be without violations that axe-core calls serious or
critical. Links to other sites are left alone: the check needs no network.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

WIDTHS = {"desk": 1280, "phone": 390}
SEVERE = ("serious", "critical")
# Pages of one template: a few stand for all of them.
TEMPLATES = ("generated/api",)
OF_EACH_TEMPLATE = 5


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


def pages_to_look_at(site: Path) -> list[Path]:
    """All pages, but of those that are made from one template only a few."""
    chosen, seen = [], dict.fromkeys(TEMPLATES, 0)
    for path in pages_of(site):
        folder = path.parent.relative_to(site).as_posix()
        if folder in seen:
            seen[folder] += 1
        if seen.get(folder, 0) <= OF_EACH_TEMPLATE:
            chosen.append(path)
    return chosen


def barriers(site: Path) -> Iterator[str]:
    """Serious violations of accessibility, each with the first element that has it."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, nor in most containers.
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        for device, width in WIDTHS.items():
            page = browser.new_page(viewport={"width": width, "height": 900})
            for path in pages_to_look_at(site):
                page.goto(path.resolve().as_uri())
                for found in Axe().run(page).response["violations"]:
                    if found["impact"] in SEVERE:
                        first = found["nodes"][0]
                        yield (
                            f"{path.relative_to(site)} ({device}): {found['id']}, "
                            f"{len(found['nodes'])} times, first {first['target']}: "
                            f"{first['html'][:120]}"
                        )
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
        found += barriers(given.folder)
    print("\n".join(found) or "no dead links and no serious violations")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
