"""What weighs how much, and how sure that is: a forest plot by pillar.

A pale bar is the weight, a dot its end, a line its 95 % interval. Placed by hand, like the curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from chs_ml.explain.style import COLOR, EITHER, INCH, SIGN, SMALL, USUAL_SIZE, WIDTH, fitted, title, width_of
from chs_ml.explain.sureness import OUTSIDE, SEPARATES, Sureness, no_intervals_because, sureness_of
from chs_ml.export.labels import heaviest_first, label_and_side
from chs_ml.formula import Term, WeightsFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, HEADING, TOP, BOTTOM = 0.205, 0.27, 0.47, 0.66
"""Inches: of a term, of a pillar, above and below all of them."""
EDGE, GAP, NUMBER = 0.08, 0.08, 0.4
LONGEST = 0.4 * WIDTH * INCH
"""Points of a name."""
MOST = 2.0
"""The heaviest weight so many times is where the axis ends, whatever the intervals: bars are to stay readable."""
PALE, DARK, GRID = 0.22, "#222222", "#e3e7ea"
PILLAR: Any = {"fontweight": "bold", "color": EITHER, "fontsize": SMALL + 0.5}
WORDS = {"positive": "+ more is healthier", "negative": "− less is healthier", "free": "± depends on the value"}


@dataclass(frozen=True)
class _Row:
    """One line of the picture: a term, or the pillar above its terms. y: inches of its middle from the top.

    side: which side of a split it is, in words.
    """

    y: float
    name: str
    term: Term | None
    share: float
    side: str = ""

    @property
    def told(self) -> str:
        """The name, cut where it is too long; which side it is stays."""
        return fitted(self.name, LONGEST, tail=self.side)


def height_of_weights(weights: WeightsFile) -> float:
    """Return the inches that the picture needs."""
    return TOP + BOTTOM + sum(ROW if row.term else HEADING for row in _rows(weights))


def draw_weights(weights: WeightsFile, figure: Figure) -> None:
    """Draw each term's weight with its 95 % interval and verdict, by pillar, the heaviest of both on top.

    A term without an interval has none drawn; a pinned one is a diamond, one outside of its interval has a mark. As no
    weight is below 0 or above 100 %, intervals end there.
    """
    rows, sure, height = _rows(weights), sureness_of(weights), height_of_weights(weights)
    left = max(width_of(row.told, USUAL_SIZE) for row in rows if row.term) / INCH + EDGE + GAP
    right = max(width_of(str(one), SMALL) for one in sure.values()) / INCH + NUMBER + EDGE + GAP
    place = (left / WIDTH, BOTTOM / height, 1.0 - (left + right) / WIDTH, 1.0 - (TOP + BOTTOM) / height)
    axes = figure.add_axes(place)
    _frame(axes, rows, sure, height - BOTTOM)
    for row in rows:
        if row.term is None:
            _write(axes, row.y, fitted(row.name, (WIDTH - 2 * EDGE) * INCH), (0.0, EDGE - left), **PILLAR)
            continue
        one = sure[row.term.key]
        _write(axes, row.y, row.told, (0.0, -GAP), ha="right")
        _write(axes, row.y, f"{100 * row.term.weight:.1f}{OUTSIDE if one.outside else ' '}", (1.0, NUMBER), ha="right")
        _write(axes, row.y, str(one), (1.0, NUMBER + GAP / 2), fontsize=SMALL)
        _draw_term(axes, row.y, row.term, one)
    title(figure, f"What the health score is made of: {weights.label or weights.name}", _below(weights, sure))
    _legend(figure, weights)


def _rows(weights: WeightsFile) -> list[_Row]:
    """Return pillars and terms from top to bottom, the heaviest first; y in inches from the top of the page."""
    shares: dict[str, float] = {}
    for term in weights.formula.terms:
        shares[term.pillar] = shares.get(term.pillar, 0.0) + term.weight
    ordered = sorted(heaviest_first(weights), key=lambda term: (-shares[term.pillar], term.pillar))
    rows, y = [], TOP
    for pillar, terms in groupby(ordered, key=lambda term: term.pillar):
        rows.append(_Row(y + HEADING - 0.45 * ROW, f"{pillar}: {shares[pillar]:.0%}", None, shares[pillar]))
        y += HEADING
        for term in terms:
            label, side = label_and_side(weights, term)
            rows.append(_Row(y + ROW / 2, f"{SIGN[term.direction]} {label}", term, term.weight, side))
            y += ROW
    return rows


def _frame(axes: Axes, rows: Sequence[_Row], sure: dict[str, Sureness], bottom: float) -> None:
    most = 100 * max(row.share for row in rows if row.term)
    ends = [end for one in sure.values() for end in _within(one)]
    axes.set_xlim(0.0, 1.04 * min(max(*ends, most, 0.0), MOST * most))
    axes.set_ylim(bottom, TOP)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=DARK, linewidth=0.7, zorder=0)
    axes.grid(axis="x", color=GRID, linewidth=0.6, zorder=-1)
    axes.set_axisbelow(True)
    axes.set_xlabel("weight, per cent of the score" + (", with its 95 % interval" if ends else ""), labelpad=2)
    axes.tick_params(labelsize=SMALL)


def _write(axes: Axes, y: float, text: str, place: tuple[float, float], **look: Any) -> None:
    """Write beside a row. place: a share of the width of the axes, and inches from there."""
    side: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (place[0], y), (place[1] * INCH, 0), **{"color": DARK, **side, **look})


def _draw_term(axes: Axes, y: float, term: Term, sure: Sureness) -> None:
    color, weight = COLOR[term.direction], 100 * term.weight
    axes.barh(y, weight, height=0.6 * ROW, color=color, alpha=PALE, linewidth=0)
    if sure.interval is not None:
        _draw_interval(axes, y, _within(sure), color)
    look: Any = {"marker": "D" if sure.pinned else "o", "markersize": 4.6, "markeredgewidth": 1.2, "color": color}
    filled = color if sure.verdict in ("clear", "") else "white"
    axes.plot([weight], [y], markerfacecolor=filled, clip_on=False, **look)


def _within(sure: Sureness) -> tuple[float, ...]:
    """Return the ends of the interval in per cent, cut to what a weight can be; () for none."""
    return tuple(100 * min(max(end, 0.0), 1.0) for end in sure.interval or ())


def _draw_interval(axes: Axes, y: float, interval: tuple[float, ...], color: str) -> None:
    """Draw a line; an end that lies beyond the axes is an arrow at their edge."""
    right = axes.get_xlim()[1]
    low, high = (min(end, right) for end in interval)
    axes.plot([low, high], [y, y], color=color, linewidth=1.5, solid_capstyle="butt", clip_on=False)
    if interval[1] > right:
        axes.plot([high], [y], ">", markersize=4.2, color=color, markeredgewidth=0, clip_on=False)


def _below(weights: WeightsFile, sure: dict[str, Sureness]) -> str:
    if why := no_intervals_because(weights):
        return why
    marked = f"; {OUTSIDE} outside its interval" if any(one.outside for one in sure.values()) else ""
    marked += f"; {SEPARATES} separates, no interval holds" if any(one.separates for one in sure.values()) else ""
    pinned = "; ◇ pinned by hand" if any(one.pinned for one in sure.values()) else ""
    return f"full dot: clear, open: not so sure{pinned}{marked}" if any(one.verdict for one in sure.values()) else ""


def _legend(figure: Figure, weights: WeightsFile) -> None:
    from matplotlib.patches import Patch

    there = {term.direction for term in weights.formula.terms}
    handles = [Patch(facecolor=COLOR[way], label=words) for way, words in WORDS.items() if way in there]
    figure.legend(handles=handles, loc="lower center", ncols=3, frameon=False, borderaxespad=0.3)


__all__ = ["draw_weights", "height_of_weights"]
