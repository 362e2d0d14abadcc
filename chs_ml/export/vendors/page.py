"""The page that is typed from: how, the table, where the bands are cut, what is lost, what the platform cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chs_ml.export.labels import condition_in_words, label_of, labels_of
from chs_ml.export.markdown import plain
from chs_ml.export.vendors.cells import number
from chs_ml.export.vendors.losses import losses_told
from chs_ml.export.vendors.measures import Typed
from chs_ml.formula import WeightsFile

INSTEAD = (
    "Typing is the second best: `chs-ml score WEIGHTS TABLE -o FILE.csv --for {key}` writes the formula's own scores "
    "and bands as a file to import, and loses nothing but the decimals."
)
OWN_FIELD = (
    "{platform} looks at one field at a time, as far as its help says. A measure with a condition in brackets needs a "
    "field of its own, filled before it is sent: with the metric where the condition holds, and elsewhere with what "
    "its last line says to send."
)


@dataclass(frozen=True, slots=True)
class Platform:
    """name: as it calls itself. key: as the target is called. how: to type, a sentence a line. splits: likewise."""

    name: str
    key: str
    how: tuple[str, ...]
    splits: str


def page_of(platform: Platform, typed: Typed, tables: Iterable[Sequence[str]], bands: Iterable[str]) -> str:
    """Return Markdown; tables: each as lines. bands: sentences on how this platform cuts the score."""
    weights = typed.weights
    parts: list[Sequence[str]] = [
        [f"# {plain(weights.label or weights.name)} for {platform.name}", "", f"Digest `{weights.digest[:12]}`."],
        [f"- {line}" for line in (*platform.how, INSTEAD.format(key=platform.key))],
        *tables,
        _section("Bands", bands),
        _section("What is lost", losses_told(typed, platform.key)),
        _section("What the table does not hold", _not_held(platform, typed)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; a header that begins with '>' is set to the right."""
    names = [name.removeprefix(">") for name in header]
    rules = ["---:" if name.startswith(">") else "---" for name in header]
    return [row(names), f"|{'|'.join(rules)}|", *(row(cells) for cells in rows)]


def row(cells: Sequence[str]) -> str:
    """Return a line of a table; every cell as plain text."""
    return f"| {' | '.join(map(plain, cells))} |"


def cuts(typed: Typed) -> Iterator[str]:
    """Give 'healthy: from 66 points' for each band of the card."""
    for band in typed.card.bands:
        yield f"{plain(band.name)}: from {band.start:.0f} points"


def _section(heading: str, lines: Iterable[str]) -> list[str]:
    said = [f"- {line}" for line in lines]
    return [f"## {heading}", "", *said] if said else []


def _not_held(platform: Platform, typed: Typed) -> Iterator[str]:
    weights, labels = typed.weights, labels_of(typed.weights)
    if any(measure.term.when is not None for measure in typed.measures):
        yield platform.splits
    if typed.card.left_out:
        named = ", ".join(plain(_label(weights, key)) for key in typed.card.left_out)
        yield f"Too light for a whole point, and left out: {named}."
    for rule in weights.formula.rules:
        said = plain(condition_in_words(rule.when, labels))
        because = f" ({plain(rule.because)})" if rule.because else ""
        yield (
            f"The rule '{said}: {plain(rule.band)}'{because} changes the band and not the score; no sum of points can "
            "hold it. Keep it beside the score, as a segment or an alert."
        )
    yield from _score_when(weights)


def _score_when(weights: WeightsFile) -> Iterator[str]:
    when, labels = weights.formula.score_when, labels_of(weights)
    if when is None:
        return
    if when.coverage is not None:
        yield (
            f"The formula leaves a customer unscored where less than {when.coverage:.0%} of the weight is known; a sum "
            "of points scores everybody."
        )
    for metric, floor in when.floors:
        yield (
            f"The formula leaves a customer unscored where {plain(labels.get(metric, metric))} is below "
            f"{number(floor)} or unknown; a sum of points scores everybody."
        )


def _label(weights: WeightsFile, key: str) -> str:
    return next((label_of(weights, term) for term in weights.formula.terms if term.key == key), key)
