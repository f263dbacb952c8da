"""Names from outside and numbers as text that any page can show."""

import math
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path

import matplotlib as mpl
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font

from commstruct.statistics import ROUNDING
from commstruct.vocabulary import LABELS, STRUCTURE_NAMES, STRUCTURE_TITLES

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
MINUS = "\u2212"
BREAK = "\u200b"  # a place where a line may end, of no width
_NO_ISOLATES = {ord(ISOLATE): None, ord(END_ISOLATE): None}


def shown(name: object, *, most: int = 40) -> str:
    """Return a name from outside as text that any page can show.

    Characters that are invisible or that turn the direction of the text are written as
    ``U+...``; long names are cut, an empty one is said to be so, and one that is
    written from right to left is isolated, so that it turns nothing beside it. Where
    only our fonts are, `printable` gives what they have.

    Parameters
    ----------
    name : object
        Anything; its text is shown.
    most : int
        Characters to keep of a long name.
    """
    text = str(name)
    visible = "".join(_visible(character) for character in text[: most + 1])
    if not text.strip():
        return "(no name)"
    if len(text) > most or len(visible) > 2 * most:
        visible = visible[: most - 1].rstrip() + "\u2026"
    if any(unicodedata.bidirectional(one) in ("R", "AL") for one in visible):
        return f"{ISOLATE}{visible}{END_ISOLATE}"
    return visible


def printable(text: str, *, fonts: Sequence[Path] = ()) -> str:
    """Return text with ``U+...`` for characters that our fonts and `fonts` lack.

    Isolates, which only browsers and typesetters know, are left out.
    """
    return "".join(_known_parts(text, fonts)).translate(_NO_ISOLATES)


def typeset(text: str, *, fonts: Sequence[Path] = ()) -> str:
    """Return what `printable` does, with isolates, and lines may break between U+."""
    parts = _known_parts(text, fonts)
    return "".join(
        f"{part}{BREAK}" if len(part) > 1 and len(after) > 1 else part
        for part, after in zip_longest(parts, parts[1:], fillvalue="")
    )


def _known_parts(text: str, fonts: Sequence[Path]) -> list[str]:
    """The characters of a text, or ``U+...`` for those that the fonts lack."""
    if text.isascii():
        return list(text)
    known = (FONTS / "DejaVuSans.ttf", *fonts)
    return [
        one
        if one.isspace()
        or one in (ISOLATE, END_ISOLATE)
        or any(_font(font).get_char_index(ord(one)) for font in known)
        else f"U+{ord(one):04X}"
        for one in text
    ]


def drawable(name: object, *, most: int = 40) -> str:
    """Return a name as `shown` does, in characters that figures can draw."""
    return printable(shown(name, most=most))


@cache
def cjk_fonts() -> tuple[Path, ...]:
    """Noto fonts of Chinese, Japanese and Korean that are installed, one at most."""
    found = sorted(Path(path) for path in findSystemFonts())
    noto = [path for path in found if path.name.startswith("NotoSansCJK-Regular")]
    return tuple(noto[:1])


def structure_name(structure: str) -> str:
    """Name of a kind of modules in sentences, or of the labels that give them."""
    if structure.startswith(LABELS):
        return f"neurons by {column_of(structure)}"
    return STRUCTURE_NAMES[structure]


def structure_title(structure: str) -> str:
    """Shorter name, where it is clear that modules are spoken of."""
    if structure.startswith(LABELS):
        return structure_name(structure)
    return STRUCTURE_TITLES[structure]


def column_of(structure: str) -> str:
    """Attribute that gives the modules, as text that any page can show."""
    return shown(structure.removeprefix(LABELS))


def _visible(character: str) -> str:
    if character in "\t\n\r ":
        return " "
    hidden = unicodedata.category(character) in (
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    )
    if hidden:
        return f"U+{ord(character):04X}"
    return character


@cache
def _font(path: Path) -> FT2Font:
    return FT2Font(str(path))


def with_minus(text: str) -> str:
    """Text with true minus signs: between words or numbers, and before numbers."""
    between = re.sub(r"(?<=[\w)|]) - (?=[\w(|])", f" {MINUS} ", text)
    return re.sub(r"(?<![\w\u2212])-(?=\d)|(?<=\de)-(?=\d)", MINUS, between)


def signed(value: float, decimals: int = 2) -> str:
    """Return a number with its sign, ``+0.12``; ``undefined`` for NaN."""
    if not math.isfinite(value):
        return "undefined"
    text = f"{value:+.{decimals}f}"
    if float(text) == 0:
        text = text[1:]
    return text.replace("-", MINUS)


def with_interval(
    value: float, low: float, high: float, decimals: int = 2, *, joint: str = ", "
) -> str:
    """Return a number with its interval, ``+0.12 (+0.10, +0.14)``, where it has one.

    A bound that is not zero has enough decimals, up to six, to keep its sign.
    """
    if not math.isfinite(low):
        return signed(value, decimals)
    while decimals < 6 and any(
        abs(bound) > ROUNDING and abs(bound) < 0.5 * 10.0**-decimals
        for bound in (low, high)
    ):
        decimals += 1
    text = signed(value, decimals)
    return f"{text} ({signed(low, decimals)}{joint}{signed(high, decimals)})"


def plain(value: float | None, decimals: int = 2) -> str:
    """Return a number, or a dash for what is missing."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    text = f"{value:.{decimals}f}"
    return (text[1:] if float(text) == 0 and text[0] == "-" else text).replace(
        "-", MINUS
    )


def percent(share: float | None) -> str:
    """Return a share as percent, or a dash for what is missing."""
    return "\u2013" if share is None else f"{100 * share:.0f}\u202f%"


def p_text(p_value: float) -> str:
    """Return ``p = 0.012``, ``p < 0.001``, or ``not tested`` for NaN."""
    if not math.isfinite(p_value):
        return "not tested"
    joint = "" if p_value < 0.001 else "= "
    return f"p {joint}{p_number(p_value)}"


def p_number(p_value: float) -> str:
    """Return ``0.012``, ``< 0.001``, or a dash for NaN, for a column of p values."""
    if not math.isfinite(p_value):
        return "\u2013"
    if p_value < 0.001:
        return "< 0.001"
    return f"{p_value:.2g}" if p_value < 0.0995 else f"{p_value:.2f}"


def p_short(p_value: float) -> str:
    """Return ``0.012``, and ``p < 0.001`` or ``not tested`` as `p_text` does."""
    return p_number(p_value) if p_value >= 0.001 else p_text(p_value)


def joined(parts: list[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def counted(number: int, thing: str) -> str:
    """Return ``1 run``, ``2 runs``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
