"""Whether the bands keep their promise: churn in each, on customers held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chs_ml.explain.style import DOTTED, EITHER, INCH, SMALL, USUAL_SIZE, WIDTH, fitted, title, width_of
from chs_ml.formula import Band

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, TOP, BOTTOM = 0.5, 0.47, 0.45
LOOK = {"green": ("#2a7f62", "o"), "yellow": ("#c98a00", "^"), "red": ("#b5483a", "s")}
"""A shape goes with each colour, which is never the only signal."""
NO_LOOK = (EITHER, "D")


def height_of_bands(evaluation: Mapping[str, Any]) -> float:
    """Return the inches that the picture needs."""
    return TOP + BOTTOM + ROW * max(len(evaluation["bands"]), 1)


def draw_bands(bands: Sequence[Band], evaluation: Mapping[str, Any], figure: Figure) -> None:
    """Draw the churn rate of each band on the holdout, with its 95 % interval, its cut, and how many customers it has.

    bands: of the formula, for colours and cuts. evaluation: ``bands``, and ``holdout`` for the churn rate of all.
    """
    found, height = evaluation["bands"], height_of_bands(evaluation)
    cuts, looks = _cuts(bands), {band.name: LOOK.get(band.color, NO_LOOK) for band in bands}
    room = 0.4 * WIDTH * INCH
    names = [fitted(str(band["name"]), room) for band in found]
    below = [fitted(_about(band, cuts.get(band["name"], "")), room, SMALL) for band in found]
    widths = [width_of(name, USUAL_SIZE) for name in names] + [width_of(text, SMALL) for text in below]
    left = max(widths, default=0.0) / INCH + 0.2
    place = (left / WIDTH, BOTTOM / height, 1.0 - (left + 0.15) / WIDTH, 1.0 - (TOP + BOTTOM) / height)
    axes = figure.add_axes(place)
    for at, band in enumerate(found):
        aside: dict[str, Any] = {"ha": "right", "transform": axes.get_yaxis_transform()}
        axes.text(-0.02, at - 0.04, names[at], va="bottom", **aside)
        axes.text(-0.02, at + 0.04, below[at], va="top", fontsize=SMALL, **aside)
        _draw_rate(axes, at, band, looks.get(band["name"], NO_LOOK))
    _draw_overall(axes, (evaluation.get("holdout") or {}).get("churn_rate"))
    axes.set_yticks([])
    axes.set_ylim(max(len(found), 1) - 0.5, -0.5)
    axes.set_xlim(left=-0.03 * axes.get_xlim()[1])  # room for the label of a small rate
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("churn rate with its 95 % interval")
    title(figure, "How many churn in each band, on customers held out")


def _draw_rate(axes: Axes, at: int, band: Mapping[str, Any], look: tuple[str, str]) -> None:
    rate, low, high = (band.get(name) for name in ("churn_rate", "low", "high"))
    if rate is None or low is None or high is None:
        axes.text(0.02, at, "fewer than 5 customers", va="center", transform=axes.get_yaxis_transform())
        return
    color, marker = look
    axes.errorbar(rate, at, xerr=[[rate - low], [high - rate]], fmt=marker, color=color, capsize=3, markersize=6)
    axes.annotate(f"{rate:.1%}", (rate, at), textcoords="offset points", xytext=(0, 7), ha="center")


def _draw_overall(axes: Axes, rate: float | None) -> None:
    if rate is None:
        return
    axes.axvline(rate, **DOTTED)
    above: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": SMALL, "color": "#555555"}
    axes.annotate(f"everybody {rate:.1%}", (rate, 1.0), (0, 2), xycoords=axes.get_xaxis_transform(), **above)


def _cuts(bands: Sequence[Band]) -> dict[str, str]:
    """Return 'score from 59.4' for each band, 'score below 37.8' for the last."""
    said = {band.name: f"score from {band.start:.1f}" for band in bands}
    if len(bands) > 1:
        said[bands[-1].name] = f"score below {bands[-2].start:.1f}"
    return said


def _about(band: Mapping[str, Any], cut: str) -> str:
    return ", ".join(filter(None, (cut, f"n = {band['customers']:,}")))


__all__ = ["draw_bands", "height_of_bands"]
