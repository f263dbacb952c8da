"""SVG figures made safe to embed in HTML: shapes, text and pictures, unique ids."""

import re
from xml.etree.ElementTree import Element, register_namespace, tostring

from defusedxml.ElementTree import fromstring

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
ELEMENTS = {
    "svg",
    "g",
    "defs",
    "path",
    "rect",
    "circle",
    "line",
    "polygon",
    "use",
    "clipPath",
    "text",
    "tspan",
    "image",
    "linearGradient",
    "stop",
}
ATTRIBUTES = {
    "class",
    "clip-path",
    "cx",
    "cy",
    "d",
    "height",
    "id",
    "offset",
    "preserveAspectRatio",
    "r",
    "style",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
}
HREF = f"{{{XLINK}}}href"
FONTS = "'DejaVu Sans', Verdana, sans-serif"  # Verdana's letters are as wide

register_namespace("", SVG)
register_namespace("xlink", XLINK)


def inline_svg(svg: bytes, *, prefix: str) -> str:
    """Return a figure that can safely be embedded in a page.

    What is not a shape, text, a picture of its own or a reference within the figure is
    left out, so that nothing can be executed or fetched; ids get a prefix, so that
    several figures can be on one page.

    Parameters
    ----------
    svg : bytes
        As matplotlib saves it.
    prefix : str
        Different for every figure of the page.

    Raises
    ------
    ValueError
        If it is not SVG.
    """
    root = fromstring(svg)
    if root.tag != f"{{{SVG}}}svg":
        raise ValueError(f"a figure must be SVG, got an element {root.tag!r}")
    _keep_known(root)
    for element in root.iter():
        element.attrib = _attributes(element, prefix)
    root.attrib = {"viewBox": root.attrib.get("viewBox", "0 0 1 1")}
    return str(tostring(root, encoding="unicode"))


def _keep_known(element: Element) -> None:
    for child in list(element):
        if _local(child) in ELEMENTS:
            _keep_known(child)
        else:
            element.remove(child)


def _local(element: Element) -> str:
    """Name of an SVG element; empty for comments and elements of other namespaces."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.removeprefix(f"{{{SVG}}}") if tag.startswith(f"{{{SVG}}}") else ""


def _attributes(element: Element, prefix: str) -> dict[str, str]:
    kept = {}
    for name, value in element.attrib.items():
        if name == "id":
            kept[name] = prefix + value
        elif name in (HREF, "href"):
            if value.startswith("#"):
                kept[HREF] = f"#{prefix}{value[1:]}"
            elif value.startswith("data:image/png;base64,"):
                kept[HREF] = value
        elif name in ATTRIBUTES:
            value = re.sub(r"url\(#", f"url(#{prefix}", value)
            if "url(" in value.replace(f"url(#{prefix}", ""):
                continue
            kept[name] = value.replace("'DejaVu Sans'", FONTS)
    return kept
