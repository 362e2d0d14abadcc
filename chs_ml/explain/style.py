"""How pictures look: colours and signs, sizes in points, text that fits its place, the same bytes each time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ADDS, SUBTRACTS, EITHER = "#2a7f62", "#b5483a", "#5b6b7b"
"""Colours of what adds, subtracts, or goes either way; a sign before the name says the same."""
COLOR = {"positive": ADDS, "negative": SUBTRACTS, "free": EITHER}
SIGN = {"positive": "+", "negative": "−", "free": "±"}
WIDTH = 5.7
"""Inches: 550 px, the width at which MLflow shows a page; a point is 1.34 px there."""
INCH = 72.0
SMALL, USUAL_SIZE, LARGE = 6.5, 8.0, 9.5
DOTTED: dict[str, Any] = {"color": "#777777", "linewidth": 0.9, "linestyle": ":", "zorder": 0}
STYLE: Any = {
    "font.size": USUAL_SIZE,
    "font.family": "sans-serif",
    "axes.titlesize": USUAL_SIZE,
    "axes.labelsize": USUAL_SIZE,
    "figure.titlesize": LARGE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "svg.hashsalt": "chs_ml",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a label may hold a dollar sign
}


def page(draw: Callable[[Figure], None], height: float) -> str:
    """Return what ``draw`` puts on a page of that height (inches) as SVG text."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a user's own style would change the bytes
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # SVG keeps text as text; the reader has fonts
        figure = Figure(figsize=(WIDTH, height))
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def fitted(text: str, room: float, size: float = USUAL_SIZE, tail: str = "") -> str:
    """Return the text with its tail, cut so that both fit into ``room`` points; control characters are blanks.

    The tail stays whole, unless it would leave the text less than a third of the room.
    """
    plain, tail = ("".join(letter if letter.isprintable() else " " for letter in part) for part in (text, tail))
    if width_of(plain + tail, size) <= room:
        return plain + tail
    if width_of(tail, size) > room * 2 / 3:
        plain, tail = plain + tail, ""
    kept = plain[: int(room)]  # few letters are narrower than a point
    while kept and width_of(f"{kept}…{tail}", size) > room:
        kept = kept[:-1]
    return f"{kept}…{tail}"


def width_of(text: str, size: float) -> float:
    """Return the width in points, in the font that matplotlib brings, which is wider than most."""
    return size * sum(map(_width_of_letter, text))


@lru_cache(maxsize=4096)
def _width_of_letter(letter: str) -> float:
    """Return the width in shares of the size; 1 for a letter that the font does not have."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import get_font

    font = get_font(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf")  # the same on every machine
    font.set_size(100.0, INCH)
    known = font.get_char_index(ord(letter)) != 0
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100 if known else 1.0


def title(figure: Figure, text: str, below: str = "") -> None:
    """Write the picture's title at the top left, and a smaller line below it."""
    inches = float(figure.get_size_inches()[1])
    room = (WIDTH - 0.16) * INCH
    place: dict[str, Any] = {"ha": "left", "va": "top"}
    figure.text(0.08 / WIDTH, 1.0 - 0.07 / inches, fitted(text, room, LARGE), fontsize=LARGE, **place)
    if below:
        figure.text(0.08 / WIDTH, 1.0 - 0.25 / inches, fitted(below, room, SMALL + 0.5), fontsize=SMALL + 0.5, **place)
