"""What can be wrong with a figure."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def collisions(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other, and texts that leave the figure."""
    figure.draw_without_rendering()
    unseen = set()  # labels of ticks that are beyond the ends of their axis
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low <= tick.get_loc() <= high:
                    unseen |= {tick.label1, tick.label2}
    boxes = []
    for text in figure.findobj(Text):
        if text in unseen:
            continue
        box = text.get_window_extent()
        if text.get_visible() and text.get_text().strip() and box.width:
            boxes.append((text.get_text(), box))
    edges = figure.bbox.padded(1)
    found = [
        (name, "edge of the figure")
        for name, box in boxes
        if not (edges.contains(*box.min) and edges.contains(*box.max))
    ]
    for i, (name, box) in enumerate(boxes):
        for other_name, other in boxes[i + 1 :]:
            if box.padded(-0.5).overlaps(other.padded(-0.5)):
                found.append((name, other_name))
    return found
