"""How each metric turns into points: curves above, levels below, all on one scale.

Placed by hand: the same axes for the same formula, and no room where nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chs_ml.explain.placing import Drawn, curve_of, place_beside
from chs_ml.explain.style import (
    COLOR,
    DOTTED,
    EITHER,
    INCH,
    SIGN,
    SMALL,
    USUAL_SIZE,
    WIDTH,
    fitted,
    title,
    width_of,
)
from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import heaviest_first, label_and_side, side_label
from chs_ml.export.words import number
from chs_ml.formula import Curve, Levels, Term, WeightsFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 24
MOST_LEVELS = 6
TOP, EDGE, GAP = 0.42, 0.08, 0.22
"""Inches, as all that follow: above the panels, beside them, between them."""
HEADING, CURVE, TICKS, UNIT = 0.24, 0.95, 0.26, 0.11
SCALE, LEVEL, BELOW = 0.3, 0.15, 0.1
LONGEST_LEVEL = 1.35
FEW_TICKS = 4
MISSING = "missing"
LINE = "one scale for all panels, so that heights and lengths compare; dotted: the average customer"


@dataclass(frozen=True)
class _Sheet:
    """What is drawn: the heaviest terms in two groups, their labels, and the scale that all of them share.

    Of each group the sides of a split come first, side by side.
    """

    weights: WeightsFile
    curves: list[Term]
    levels: list[Term]

    @property
    def most(self) -> float:
        """Points of the heaviest term."""
        return 100 * max(term.weight for term in (*self.curves, *self.levels))

    @property
    def height(self) -> float:
        """Inches of the whole picture."""
        curves = sum(self.height_of(row) for row in self.rows_of_curves)
        return TOP + curves + sum(_inches(pair) for pair in _in_rows(self.levels, 2)) + EDGE

    @property
    def rows_of_curves(self) -> list[Sequence[Term]]:
        """Pairs of sides, then the others: three in a row, and four in a square."""
        sides, others = (list(group) for group in _sides_and_others(self.curves))
        return [*_in_rows(sides, 2), *_in_rows(others, 2 if len(others) == 4 else 3)]

    @property
    def columns(self) -> int:
        """How many curves stand side by side at most; pairs of sides have room for two."""
        most = max((len(row) for row in self.rows_of_curves), default=1)
        return max(most, 1)

    def width_in(self, row: Sequence[Term]) -> float:
        """Inches of one curve of a row."""
        columns = 2 if row[0] in _sides_and_others(self.curves)[0] else self.columns
        return (WIDTH - SCALE - 2 * EDGE - GAP * (columns - 1)) / columns

    def height_of(self, row: Sequence[Term]) -> float:
        """Inches of a row of curves: more where a unit stands below one."""
        return HEADING + CURVE + TICKS + UNIT * any(self.unit_below(term, self.width_in(row)) for term in row)

    def usual(self, term: Term) -> float | None:
        """Points of the average customer, None where they are not recorded."""
        average = mean_health(self.weights)
        return 100 * term.weight * average[term.key] if term.key in average else None

    def heading(self, term: Term, room: float) -> str:
        """Return '+ Time with us, months', cut where it does not fit into so many inches."""
        unit = "" if self.unit_below(term, room) else _with_comma(self.unit(term))
        label, side = label_and_side(self.weights, term)
        return fitted(f"{SIGN[term.direction]} {label}", room * INCH, USUAL_SIZE, side + unit)

    def unit(self, term: Term) -> str:
        """Return the unit of a curve's metric, '' where there is none."""
        return str(self.weights.metrics.get(term.metric, {}).get("unit") or "") if term.kind == "curve" else ""

    def unit_below(self, term: Term, room: float) -> str:
        """Return the unit where it finds no room beside the label, and stands below the curve. room: inches."""
        unit = self.unit(term)
        whole = f"{SIGN[term.direction]} {side_label(self.weights, term)}{_with_comma(unit)}"
        return unit if width_of(whole, USUAL_SIZE) > room * INCH else ""


def _with_comma(unit: str) -> str:
    return f", {unit}" if unit else ""


def height_of_curves(weights: WeightsFile) -> float:
    """Return the inches that the picture needs."""
    return _sheet(weights).height


def draw_curves(weights: WeightsFile, figure: Figure) -> None:
    """Draw the points that each metric gives, curves before levels, the heaviest first."""
    sheet = _sheet(weights)
    drawn = len(sheet.curves) + len(sheet.levels)
    which = "" if drawn == len(weights.formula.terms) else f", the {drawn} heaviest"
    title(figure, f"Points that each metric gives to the score{which}", LINE)
    top = TOP
    for row in sheet.rows_of_curves:
        _draw_row_of_curves(figure, sheet, row, top)
        top += sheet.height_of(row)
    for pair in _in_rows(sheet.levels, 2):
        _draw_row_of_levels(figure, sheet, pair, top)
        top += _inches(pair)


def _sheet(weights: WeightsFile) -> _Sheet:
    terms = heaviest_first(weights)[:MOST_PANELS]
    curves = [term for term in terms if isinstance(term.shape, Curve)]
    levels = [term for term in terms if isinstance(term.shape, Levels)]
    return _Sheet(weights, curves, [term for group in _sides_and_others(levels) for term in group])


def _sides_and_others(terms: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    """Return the sides of splits of which both are there, in pairs, and all other terms."""
    metrics = [term.metric for term in terms]
    sides = [term for term in terms if metrics.count(term.metric) == 2]
    return sides, [term for term in terms if term not in sides]


def _in_rows(terms: Sequence[Term], columns: int) -> list[Sequence[Term]]:
    return [terms[at : at + columns] for at in range(0, len(terms), columns)]


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at so many inches from the left and from the top."""
    whole = float(figure.get_size_inches()[1])
    return figure.add_axes((left / WIDTH, 1.0 - (top + height) / whole, width / WIDTH, height / whole))


def _draw_row_of_curves(figure: Figure, sheet: _Sheet, row: Sequence[Term], top: float) -> None:
    from matplotlib.ticker import MaxNLocator

    width = sheet.width_in(row)
    for at, term in enumerate(row):
        axes = _axes(figure, EDGE + SCALE + at * (width + GAP), top + HEADING, width, CURVE)
        axes.set_title(sheet.heading(term, width), loc="left", pad=4)
        axes.set_ylim(-0.06 * sheet.most, 1.08 * sheet.most)
        _draw_curve(axes, term, sheet, width)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=SMALL, labelleft=at == 0)
        axes.set_xlabel(fitted(sheet.unit_below(term, width), width * INCH, SMALL), fontsize=SMALL, labelpad=1)


def _draw_curve(axes: Axes, term: Term, sheet: _Sheet, width: float) -> None:
    curve, most = term.shape, 100 * term.weight
    if not isinstance(curve, Curve):
        return
    first, last = curve.knots[0], curve.knots[-1]
    span = last - first
    points = [most * value for value in curve.values]
    axes.plot(curve.knots, points, color=COLOR[term.direction], marker="o", markersize=2.5, linewidth=1.4)
    axes.set_xlim(first - 0.04 * span, last + (0.14 if term.missing_learned else 0.04) * span)
    whole = all(float(knot).is_integer() for knot in curve.knots)
    ticks = _ticks(first, last, width * INCH / (1.18 * span), whole=whole)
    labels = axes.set_xticks(ticks, [number(tick) for tick in ticks])
    if ticks[-1] > last - 0.1 * span and len(number(ticks[-1])) > 7:
        labels[-1].label1.set_horizontalalignment("right")  # or it leaves the page
    usual = sheet.usual(term)
    if usual is not None:
        axes.axhline(usual, **DOTTED)
    if term.missing_learned:
        _draw_missing(axes, last + 0.1 * span, most * curve.missing, curve_of(axes, curve.knots, points, usual))


def _draw_missing(axes: Axes, x: float, points: float, drawn: Drawn) -> None:
    """Draw the value for missing right of the curve, its label on the side where nothing else is."""
    axes.plot([x], [points], marker="D", markersize=3.5, markerfacecolor="white", color="#333333", clip_on=False)
    offset, look = place_beside(drawn, x, points, width_of(MISSING, SMALL), SMALL)
    axes.annotate(MISSING, (x, points), offset, fontsize=SMALL, textcoords="offset points", **look)


def _ticks(first: float, last: float, scale: float, *, whole: bool = False) -> list[float]:
    """Return about four round numbers between both, fewer where they are long.

    scale: points of paper per unit. whole: the metric counts, or has an answer from a scale, so ticks do too.
    """
    from matplotlib.ticker import MaxNLocator

    margin = 0.04 * (last - first)
    steps = [1, 2, 5, 10] if whole and last - first < 50 else [1, 2, 2.5, 5, 10]
    found: list[list[float]] = []
    for bins in range(1, 7):
        ticks = MaxNLocator(bins, steps=steps, integer=whole).tick_values(first, last)
        inside = [float(tick) for tick in ticks if first - margin <= tick <= last + margin]
        wide = max((width_of(number(tick), SMALL) for tick in inside), default=0.0)
        if len(inside) >= 2 and (inside[1] - inside[0]) * scale > 1.5 * wide + 2.0:
            found.append(inside)
    return min(found, key=lambda inside: abs(len(inside) - FEW_TICKS), default=[first, last])


def _rows(term: Term) -> list[tuple[str, float | None]]:
    """Return the levels from the best to the worst, some left out where there are many; missing last."""
    levels = term.shape
    if not isinstance(levels, Levels):
        return []
    ordered: list[tuple[str, float | None]] = [*sorted(levels.values, key=lambda pair: -pair[1])]
    if len(ordered) > MOST_LEVELS:
        left_out = len(ordered) - MOST_LEVELS + 1
        ordered = [*ordered[: MOST_LEVELS - 3], (f"… {left_out} more", None), *ordered[-2:]]
    return [*ordered, ("missing", levels.missing)] if term.missing_learned else ordered


def _inches(pair: Sequence[Term]) -> float:
    return HEADING + BELOW + LEVEL * max(len(_rows(term)) for term in pair)


def _draw_row_of_levels(figure: Figure, sheet: _Sheet, pair: Sequence[Term], top: float) -> None:
    names = [name for term in sheet.levels for name, _ in _rows(term)]
    label = min(LONGEST_LEVEL, max(width_of(name[:60], SMALL) for name in names) / INCH)
    width = (WIDTH - 2 * EDGE - GAP) / 2
    for at, term in enumerate(pair):
        rows, left = _rows(term), EDGE + at * (width + GAP)
        axes = _axes(figure, left + label + 0.06, top + HEADING, width - label - 0.06, LEVEL * len(rows))
        heading = sheet.heading(term, width)
        axes.annotate(heading, (0.0, 1.0), (-INCH * (label + 0.06), 3.0), xycoords="axes fraction",
                      textcoords="offset points", va="bottom")  # fmt: skip
        _draw_levels(axes, term, sheet)
        axes.set_yticks(range(len(rows)), [fitted(name, label * INCH, SMALL) for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)


def _draw_levels(axes: Axes, term: Term, sheet: _Sheet) -> None:
    most, rows, usual = 100 * term.weight, _rows(term), sheet.usual(term)
    axes.set_xlim(0, 1.16 * sheet.most)
    point = 1.16 * sheet.most / (float(axes.get_position().width) * WIDTH * INCH)
    for at, (_, health) in enumerate(rows):
        if health is None:
            continue
        is_missing = term.missing_learned and at == len(rows) - 1
        look: dict[str, Any] = {"facecolor": "white", "edgecolor": EITHER} if is_missing else {"color": EITHER}
        axes.barh(at, most * health, height=0.62, linewidth=0.8, **look)
        text = f"{most * health:.1f}"
        begins, ends = most * health + 2 * point, most * health + (4 + width_of(text, SMALL)) * point
        begins = usual + 2 * point if usual is not None and begins - 2 * point < usual < ends else begins
        axes.text(begins, at, text, va="center", fontsize=SMALL)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=SMALL, pad=3)
    if usual is not None:
        axes.axvline(usual, **DOTTED)


__all__ = ["draw_curves", "height_of_curves"]
