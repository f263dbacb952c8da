"""The documentation site: `make docs` builds it, offline, with warnings as errors."""

import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]  # for notebooks too: they inherit the path

project = "commstruct"
copyright = "The commstruct developers, GPL-3.0-or-later"
version = release = installed_version("commstruct")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
]
exclude_patterns = ["_build", "pypi.md", "sweep.slurm"]
templates_path: list[str] = []

# Markdown pages link to each other's headings, and hold formulas.
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4

# Tutorials run when the site is built, and a cell that fails fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say it in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "commstruct"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
# The search would fetch the pages that it lists, which browsers refuse to a file.
html_show_search_summary = False
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}

OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\.\./|[\w-]+\.slurm)[^)]*\)")


def _without_links_to_the_repository(app: Any, docname: str, source: list[str]) -> None:
    """Keep the words of links to files that are no pages of the site."""
    source[0] = OUTSIDE.sub(r"\1", source[0])


def _as_page_of_the_site(app: Any, docname: str, source: list[str]) -> None:
    """Links from a page at the top of the repository are to pages beside it here."""
    source[0] = source[0].replace("](docs/", "](")
    _without_links_to_the_repository(app, docname, source)


def _with_its_notebook(app: Any, docname: str, source: list[str]) -> None:
    """A page that runs begins with a link that downloads it as a notebook."""
    if "file_format: mystnb" in source[0]:
        notebook = f"{docname.rpartition('/')[2]}.ipynb"
        link = f"{{nb-download}}`Download this page as a notebook <{notebook}>`"
        source[0] = re.sub(
            r"^(# .*)$", rf"\1\n\n{link}", source[0], count=1, flags=re.MULTILINE
        )


def setup(app: Any) -> None:
    """Write the generated pages before anything is read."""
    from generated_pages import write_pages

    write_pages(DOCS)  # before autosummary looks for names
    app.connect("source-read", _without_links_to_the_repository)
    app.connect("source-read", _with_its_notebook)
    app.connect(
        "include-read",
        lambda app, path, docname, source: _as_page_of_the_site(app, docname, source),
    )
