"""The check of the documentation site finds what is wrong with a page."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
try:
    import check_site
finally:
    sys.path.pop(0)

PAGE = (
    '<html lang="en" data-theme="{theme}"><head><title>A page</title></head>'
    "<body><main><h1>A page</h1>{body}</main></body></html>"
)


def _site(folder, body, theme="light"):
    (folder / "index.html").write_text(PAGE.format(body=body, theme=theme), "utf-8")
    (folder / "other.html").write_text('<p id="here">A page</p>', "utf-8")
    return folder


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("other.html#here", []),
        ("https://example.org/gone", []),
        ("other.html#there", ["index.html: no element for other.html#there"]),
        ("gone.html", ["index.html: no file for gone.html"]),
        ("#nowhere", ["index.html: no element for #nowhere"]),
    ],
)
def test_dead_links_are_found(tmp_path, link, found):
    site = _site(tmp_path, f'<a href="{link}">a link</a>')
    assert list(check_site.dead_links(site.resolve())) == found


@pytest.mark.skipif(
    not shutil.which("chromium"), reason="needs a browser, as `make check-docs` does"
)
def test_wide_pages_pictures_without_words_and_failing_searches_are_found(
    tmp_path, monkeypatch
):
    pytest.importorskip("playwright", reason="drives the browser")
    pytest.importorskip("axe_playwright_python", reason="finds barriers")
    monkeypatch.setattr(check_site, "SCREENS", (("phone", 390, "light"),))
    monkeypatch.setattr(check_site, "SEARCHES", {"modules": "modules.html"})
    monkeypatch.setattr(check_site, "LONGEST_SEARCH", 0.2)
    picture = (
        "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    )
    site = _site(tmp_path, f'<div style="width: 500px">x</div><img src="{picture}">')
    (site / "other.html").unlink()
    (site / "search.html").write_text(PAGE.format(body="", theme="light"), "utf-8")
    found = list(check_site.faults_in_browser(site))
    assert any("pixels wide on a screen of 390" in fault for fault in found)
    assert any("index.html (phone, light): image-alt" in fault for fault in found)
    assert any("'modules' does not find modules.html" in fault for fault in found)
    assert len(found) == 3
