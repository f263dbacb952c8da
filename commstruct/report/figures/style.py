"""Style of all figures: colours safe for colour-blind readers, saving as SVG."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from commstruct.report.text import printable

STYLE = Path(__file__).with_name("report.mplstyle")
SHOWN_DPI = 144  # of figures in notebooks: twice the screen's, for legible small text
FULL_WIDTH = 6.5  # inches: the text width of A4 and of US letter with our margins

# Okabe & Ito (2008), told apart with every common kind of colour vision.
OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#8C8C8C",
)
STRUCTURE_COLORS = {
    "any": "#000000",
    "assortative": "#0072B2",
    "disassortative": "#D55E00",
}
ROLE_COLORS = {"input": "#E8E8E8", "hidden": "#A8A8A8", "output": "#303030"}
SEED_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
NULL_COLOR = "#D9D9D9"
FURTHER_NULL_COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")
IMPOSSIBLE_COLOR = "#E6E6E6"
POSITIVE, NEGATIVE = "#B2182B", "#2166AC"  # the ends of the matrices' colour map

_PICTURE = re.compile(rb"(data:image/png;base64,)\s*([A-Za-z0-9+/=\s]+)")

P = ParamSpec("P")
R = TypeVar("R")


class ShownFigure(Figure):
    """Figure that a notebook shows when it is the value of a cell.

    It belongs to no window, so that pyplot neither shows it a second time nor keeps
    it, and it needs no ``%matplotlib inline``.

    Examples
    --------
    >>> from commstruct.report.figures.style import ShownFigure
    >>> ShownFigure(figsize=(1, 1))._repr_png_()[1:4]
    b'PNG'
    """

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=SHOWN_DPI)
        return file.getvalue()


def axes_or_own(
    ax: Axes | None, figsize: tuple[float, float]
) -> tuple[Figure | Axes, Axes]:
    """What a function of one panel returns, and the axes that it draws on.

    Both are the axes that it was given; else a figure of its own, and the axes in it.
    """
    if ax is not None:
        return ax, ax
    figure = ShownFigure(figsize=figsize, layout="constrained")
    return figure, figure.subplots()


def in_style(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.style.context(STYLE):
            return function(*args, **kwargs)

    return styled


def save_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, with text as text; equal figures give equal bytes.

    Text has no characters that the fonts of figures lack.
    """
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_text(printable(text.get_text()))
    canvas: Any = FigureCanvasSVG(figure)  # which has no types
    svg = _printed(figure, canvas.print_svg, {"Date": None, "Creator": None})
    return _PICTURE.sub(_smaller, svg)


def save_pdf(figure: Figure) -> bytes:
    """Return a figure as PDF, fonts embedded; equal figures give equal bytes."""
    canvas: Any = FigureCanvasPdf(figure)
    return _printed(figure, canvas.print_pdf, {"CreationDate": None})


def _printed(
    figure: Figure, write: Callable[..., None], metadata: dict[str, None]
) -> bytes:
    """What a canvas writes; `savefig` would draw everything once more, to no use."""
    file = io.BytesIO()
    dpi = figure.dpi
    with matplotlib.style.context(STYLE):
        figure.dpi = mpl.rcParams["savefig.dpi"]  # of the pictures in it
        write(file, metadata=metadata)
    figure.dpi = dpi
    return file.getvalue()


def _smaller(found: re.Match[bytes]) -> bytes:
    """Reduce a picture to a palette if it has at most 256 colours."""
    picture = Image.open(io.BytesIO(base64.b64decode(found[2]))).convert("RGBA")
    packed = np.asarray(picture).view(np.uint32).ravel()  # one number for each pixel
    places, packed_colors = pd.factorize(packed)
    colors = packed_colors.view(np.uint8).reshape(-1, 4)
    if len(colors) > 256 or (colors[:, 3] < 255).any():
        return found[0]
    size = picture.size[::-1]
    indexed = Image.fromarray(places.astype(np.uint8).reshape(size), mode="P")
    indexed.putpalette(colors[:, :3].tobytes())
    file = io.BytesIO()
    indexed.save(file, format="png", compress_level=9)
    return found[1] + base64.b64encode(file.getvalue())


def module_colors(module_ids: Any) -> list[tuple[float, float, float]]:
    """Colour of each module number: eight distinct ones, then darker, then lighter."""
    colors = []
    for module in np.asarray(module_ids, dtype=np.int64):
        base = np.array(to_rgb(OKABE_ITO[module % len(OKABE_ITO)]))
        turn = (module // len(OKABE_ITO)) % 3
        shade = (base, 0.6 * base, 0.5 * base + 0.5)[turn]
        colors.append((float(shade[0]), float(shade[1]), float(shade[2])))
    return colors


def colors_of(module_ids: Any, k: int) -> list[tuple[float, float, float]]:
    """Colours of `k` modules by their given numbers; by default, their own."""
    return module_colors(np.arange(k) if module_ids is None else module_ids)[:k]


def lightness(color: Sequence[float]) -> float:
    """Relative luminance, 0 black to 1 white."""
    return float(np.dot(color[:3], (0.299, 0.587, 0.114)))


def literal(text: str) -> str:
    """Escape dollar signs, which legends would read as formulas."""
    return text.replace("$", r"\$")
