"""What weighs how much: a bar for each term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chs_ml.explain.customer import label_of
from chs_ml.explain.style import COLOR, INCH, SIGN, USUAL_SIZE, WIDTH, fitted, title, width_of
from chs_ml.formula import WeightsFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, TOP, BOTTOM = 0.24, 0.38, 0.74
MOST_OF_THE_WIDTH = 0.45
WORDS = {"positive": "+ more is healthier", "negative": "− less is healthier", "free": "± depends on the value"}


def height_of_weights(weights: WeightsFile) -> float:
    """Return the inches that the picture needs."""
    return TOP + BOTTOM + ROW * len(weights.formula.terms)


def draw_weights(weights: WeightsFile, figure: Figure) -> None:
    """Draw a bar for each term, the heaviest on top, by direction; names carry the sign as well."""
    from matplotlib.patches import Patch

    terms = sorted(weights.formula.terms, key=lambda term: term.weight)
    height = height_of_weights(weights)
    room = MOST_OF_THE_WIDTH * WIDTH * INCH
    names = [fitted(f"{SIGN[term.direction]} {label_of(weights, term)}", room) for term in terms]
    left = max(width_of(name, USUAL_SIZE) for name in names) / INCH + 0.18
    place = (left / WIDTH, BOTTOM / height, 1.0 - (left + 0.1) / WIDTH, 1.0 - (TOP + BOTTOM) / height)
    axes = figure.add_axes(place)
    values = [100 * term.weight for term in terms]
    axes.barh(range(len(terms)), values, color=[COLOR[term.direction] for term in terms], height=0.72)
    for at, value in enumerate(values):
        axes.annotate(f"{value:.1f}", (value, at), (3, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(terms)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("weight, per cent of the score")
    axes.set_ylim(-0.6, len(terms) - 0.4)
    axes.set_xlim(0, 1.12 * max(values))
    title(figure, f"What the health score is made of: {weights.label or weights.name}")
    there = {term.direction for term in terms}
    handles = [Patch(facecolor=COLOR[way], label=words) for way, words in WORDS.items() if way in there]
    figure.legend(handles=handles, loc="lower center", ncols=3, frameon=False, borderaxespad=0.3)


__all__ = ["draw_weights", "height_of_weights"]
