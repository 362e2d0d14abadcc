"""Pictures of a formula: what weighs how much, and how each metric turns into health.

``draw_*`` takes numbers and an Axes; ``pictures_of`` puts them on pages and gives SVG text that is the same each time.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chs_ml.explain.customer import label_of, mean_health
from chs_ml.explain.words import number
from chs_ml.formula import Curve, Levels, WeightsFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ADDS, SUBTRACTS, EITHER = "#2a7f62", "#b5483a", "#5b6b7b"
"""Colours of what adds, subtracts, or goes either way; a sign before the name says the same."""
_COLOR = {"positive": ADDS, "negative": SUBTRACTS, "free": EITHER}
_SIGN = {"positive": "+", "negative": "−", "free": "±"}
WIDTH = 5.7
"""Inches: 550 px, the width at which MLflow shows a page."""
LONGEST_LABEL = 26
MOST_PANELS = 24
MOST_LEVELS = 5
USUAL: dict[str, Any] = {"color": "#777777", "linewidth": 0.8, "linestyle": ":", "zorder": 0}
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8}
STYLE: Any = {
    "font.size": 8.0,
    "font.family": "sans-serif",
    "axes.titlesize": 8.0,
    "figure.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "chs_ml",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a label may hold a dollar sign
}


def pictures_of(weights: WeightsFile, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Return SVG text by the picture's name: weights, curves, and bands against churn on the holdout."""
    return {
        "weights": _page(lambda figure: draw_weights(weights, figure.subplots()), _height(weights)),
        "curves": _page(lambda figure: draw_curves(weights, figure), _curves_height(weights)),
        "bands": _page(lambda figure: draw_bands(evaluation["bands"], figure.subplots()), 2.6),
    }


def draw_weights(weights: WeightsFile, axes: Axes) -> None:
    """Draw a bar for each term, the heaviest on top, by direction; names carry the sign as well."""
    terms = sorted(weights.formula.terms, key=lambda term: term.weight)
    heights = range(len(terms))
    colors = [_COLOR[term.direction] for term in terms]
    bars = axes.barh(heights, [100 * term.weight for term in terms], color=colors)
    for bar, term in zip(bars, terms, strict=True):
        tip = (bar.get_width(), bar.get_y() + bar.get_height() / 2)
        axes.annotate(f"{100 * term.weight:.1f}", tip, (3, 0), textcoords="offset points", va="center")
    axes.set_yticks(list(heights), [f"{_SIGN[term.direction]} {_shortened(label_of(weights, term))}" for term in terms])
    axes.set_xlabel("weight, per cent of the score")
    axes.set_title(f"What {_shortened(weights.label or weights.name, 60)} is made of", loc="left")
    axes.margins(x=0.12, y=0.6 / len(terms))
    _legend(axes, {term.direction for term in terms})


def draw_curves(weights: WeightsFile, figure: Figure) -> None:
    """Draw health against each metric, the heaviest terms first, with the points that each gives."""
    terms = sorted(weights.formula.terms, key=lambda term: -term.weight)[:MOST_PANELS]
    average = mean_health(weights)
    panels = figure.subplots(_rows(len(terms)), 3, squeeze=False)
    for axes, term in zip(panels.flat, terms, strict=False):
        most = 100 * term.weight
        usual = most * average[term.key] if term.key in average else None
        if isinstance(term.shape, Curve):
            _draw_curve(axes, term.shape, most, _COLOR[term.direction], usual)
        else:
            _draw_levels(axes, term.shape, most, usual)
        axes.set_title(f"{_SIGN[term.direction]} {_shortened(label_of(weights, term), 22)}", loc="left")
    for axes in list(panels.flat)[len(terms) :]:
        axes.set_axis_off()
    which = "" if len(terms) == len(weights.formula.terms) else f", the {MOST_PANELS} heaviest"
    figure.suptitle(f"Points for the score, by metric{which} (dotted: the average customer)", x=0.02, ha="left")


def draw_bands(bands: Sequence[Mapping[str, Any]], axes: Axes) -> None:
    """Draw the churn rate of each band on the holdout, with its 95 % interval and how many customers it has."""
    for at, band in enumerate(bands):
        rate, low, high = (band.get(name) for name in ("churn_rate", "low", "high"))
        name = f"{_shortened(band['name'])}\nn = {band['customers']:,}"
        axes.text(-0.02, at, name, ha="right", va="center", transform=axes.get_yaxis_transform())
        if rate is None or low is None or high is None:
            axes.text(0.02, at, "fewer than 5 customers", va="center", transform=axes.get_yaxis_transform())
            continue
        axes.errorbar(rate, at, xerr=[[rate - low], [high - rate]], fmt="o", color="#333333", capsize=3)
        axes.annotate(f"{rate:.1%}", (rate, at), textcoords="offset points", xytext=(0, 7), ha="center")
    axes.set_yticks([])
    axes.set_ylim(len(bands) - 0.5, -0.6)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("churn rate on customers held out, 95 % interval")


def _draw_curve(axes: Axes, curve: Curve, most: float, color: str, usual: float | None) -> None:
    points = [most * value for value in curve.values]
    axes.plot(curve.knots, points, color=color, marker="o", markersize=2.5, linewidth=1.4)
    axes.set_xticks([curve.knots[0], curve.knots[-1]], [number(curve.knots[0]), number(curve.knots[-1])])
    axes.set_ylim(-0.05 * most, 1.1 * most)
    if usual is not None:
        axes.axhline(usual, **USUAL)


def _draw_levels(axes: Axes, levels: Levels, most: float, usual: float | None) -> None:
    ordered = sorted(levels.values, key=lambda pair: -pair[1])
    shown = ordered if len(ordered) <= MOST_LEVELS else [*ordered[: MOST_LEVELS - 2], *ordered[-2:]]
    axes.barh(range(len(shown)), [most * value for _, value in shown], color=EITHER, height=0.35)
    for at, (name, _) in enumerate(shown):
        place: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "fontsize": 6, "bbox": PAPER}
        axes.annotate(_shortened(name, 24), (0.0, at - 0.22), (2, 0), **place)
    axes.set_yticks([])
    axes.set_xlim(0, 1.1 * most)
    axes.set_ylim(max(len(shown), 3) - 0.6, -0.9)
    if usual is not None:
        axes.axvline(usual, **USUAL)


def _page(draw: Callable[[Figure], None], height: float) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a user's own style would change the bytes
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # SVG keeps text as text; the reader has fonts
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _legend(axes: Axes, directions: set[str]) -> None:
    from matplotlib.patches import Patch

    words = {"positive": "+ more is healthier", "negative": "− less is healthier", "free": "± depends on the value"}
    handles = [Patch(facecolor=_COLOR[d], label=words[d]) for d in words if d in directions]
    axes.legend(handles=handles, loc="lower right", frameon=False)


def _shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _height(weights: WeightsFile) -> float:
    return 1.1 + 0.24 * len(weights.formula.terms)


def _rows(panels: int) -> int:
    return -(-panels // 3)


def _curves_height(weights: WeightsFile) -> float:
    return 0.5 + 1.3 * _rows(min(len(weights.formula.terms), MOST_PANELS))


__all__ = ["draw_bands", "draw_curves", "draw_weights", "pictures_of"]
