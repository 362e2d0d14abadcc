"""How sure a weights file is of its weights, and what it left out, as its papers say; nobody checked them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chs_ml.explain.anchored import is_pulled
from chs_ml.explain.customer import weightless
from chs_ml.explain.pinned import pinned_in_words
from chs_ml.export.evidence import Line, evidence_by_term, interval_of, is_number, separates, verdict_of
from chs_ml.export.labels import labels_of
from chs_ml.formula import WeightsFile
from chs_ml.formula.link import LARGEST_LOG_ODDS

SYMBOL = {"clear": "✓", "weak": "~", "not enough evidence": "?", "contradicts its direction": "✗"}
OUTSIDE, SEPARATES = "†", "‡"
UNKNOWN, AGAINST = "not enough evidence", "contradicts its direction"
MEANING = {
    "clear": "from one end of the metric to the other, churn differs by more than chance (5 % level).",
    "weak": "a difference is likely, not certain; or it is, but another metric says the same.",
    "not enough evidence": "a difference may as well be chance.",
    "contradicts its direction": "the data clearly say the other way than the formula has it.",
}
LIES_OUTSIDE = f"{OUTSIDE} The weight lies outside its interval, which comes from a fit without directions and wishes."
PULLED = " It knows no anchor either: the pull towards that is the likely cause."
LIES_HELD = (
    f"{SEPARATES} Separates churned from retained customers: its weight is finite only because it is held, and no "
    "interval holds."
)
THE_OTHER_WAY = "clearly goes the other way than declared; check its direction"
BECAUSE = {
    "no evidence": "Left out, as the others leave no evidence for it",
    "same information": "Left out, same information as another",
    "no weight": "No weight",
    "nothing left": "No weight, as beside the others nothing is left for it in its direction",
}


@dataclass(frozen=True, slots=True)
class Sureness:
    """What is known of one weight beyond itself.

    interval: its 95 % interval, fractions of 1. verdict: one of four, '' where none is recorded. outside: the weight
    lies outside the interval. like: metrics that say the same and were left out for this one. pinned: who and why.
    contrast: log-odds of being retained from end to end, and its 95 % interval, which is there where a weight's is not.
    separates: churned from retained customers, so that no interval holds.
    """

    interval: tuple[float, float] | None = None
    verdict: str = ""
    outside: bool = False
    like: tuple[str, ...] = ()
    pinned: str = ""
    contrast: tuple[float, float, float] | None = None
    separates: bool = False

    def __str__(self) -> str:
        """Return '✓ clear', '~ weak ‡', '? not enough evidence, pinned', or ''."""
        said = f"{SYMBOL[self.verdict]} {self.verdict}" if self.verdict else ""
        marked = " ".join(filter(None, (said, SEPARATES if self.separates else "")))
        return ", ".join(filter(None, (marked, "pinned" if self.pinned else "")))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A metric that has no term. why: a key of BECAUSE. like: metrics that stay and say the same.

    against: it clearly goes the other way than its direction, which a person declared.
    """

    label: str
    why: str
    like: tuple[str, ...] = ()
    against: bool = False

    def __str__(self) -> str:
        """Return the label, and in brackets what says the same, or what is wrong."""
        said = f"as {', '.join(self.like)}" if self.like else THE_OTHER_WAY if self.against else ""
        return f"{self.label} ({said})" if said else self.label


def sureness_of(weights: WeightsFile) -> dict[str, Sureness]:
    """Return what is known of each weight, by the term's key."""
    lines, labels = evidence_by_term(weights), labels_of(weights)
    found = {}
    for term in weights.formula.terms:
        line, origin = lines[term.key], term.origin
        found[term.key] = Sureness(
            interval=interval_of(line),
            verdict=verdict_of(line),
            outside=line.get("outside") is True and interval_of(line) is not None,
            like=_called(line, labels),
            pinned=f"by {origin.by}: {origin.because}" if origin.kind == "pinned" else "",
            contrast=_contrast(line),
            separates=separates(line),
        )
    return found


def nothing_is_evident(weights: WeightsFile) -> bool:
    """Return whether of every weight it is recorded that there is not enough evidence for it."""
    return {one.verdict for one in sureness_of(weights).values()} == {UNKNOWN}


def left_out(weights: WeightsFile) -> list[LeftOut]:
    """Return the metrics that have no term, in the order in which they left."""
    labels, recorded = labels_of(weights), weights.training.get("left_out")
    lines = [line for line in recorded if isinstance(line, dict)] if isinstance(recorded, list) else []
    found = {line["metric"]: line for line in lines if isinstance(line.get("metric"), str) and _why(line)}
    found |= {name: {"why": "no weight"} for name in weightless(weights) if name not in found}
    return [
        LeftOut(labels.get(name, name), _why(line), _called(line, labels), _against(line))
        for name, line in found.items()
    ]


def left_out_in_words(weights: WeightsFile) -> list[str]:
    """Return 'Left out for want of evidence: Partner; Age.', a sentence for each reason."""
    said: dict[str, list[str]] = {}
    for metric in left_out(weights):
        said.setdefault(metric.why, []).append(str(metric))
    return [f"{BECAUSE[why]}: {'; '.join(names)}." for why, names in said.items()]


def sureness_in_words(weights: WeightsFile) -> list[str]:
    """Return what belongs below a table of weights: the rule of the verdicts, what is marked, pinned, or left out."""
    sure, why_none = sureness_of(weights), no_intervals_because(weights)
    said = [why_none[:1].upper() + why_none[1:]] if why_none else []
    said += _verdicts_in_words({one.verdict for one in sure.values()})
    said += [LIES_OUTSIDE + (PULLED if is_pulled(weights) else "")] if any(one.outside for one in sure.values()) else []
    said += [LIES_HELD] if any(one.separates for one in sure.values()) else []
    return [*said, *pinned_in_words(weights), *left_out_in_words(weights)]


def _verdicts_in_words(there: Collection[str]) -> list[str]:
    """Return what the verdicts that are there mean, in one line."""
    said = [f"{SYMBOL[verdict]} {verdict}: {meaning}" for verdict, meaning in MEANING.items() if verdict in there]
    return [" ".join(said)] if said else []


def no_intervals_because(weights: WeightsFile) -> str:
    """Return why no weight has an interval, '' where they have or nothing is said."""
    said = weights.training.get("intervals")
    return said if isinstance(said, str) else ""


def doubts_of(weights: WeightsFile) -> list[str]:
    """Return what calibration doubted: separation, thin support, levels put together; metrics as people call them."""
    labels = labels_of(weights)
    return [_labelled(doubt, labels) for doubt in _texts(weights.training.get("doubts"))]


def _labelled(text: str, labels: dict[str, str]) -> str:
    """Return a sentence with labels for names; a name that may be an ordinary word of the sentence stays."""
    names = [name for name in labels if len(name) > 2 and not (name.isalpha() and name.islower())]
    if not names:
        return text
    longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w'])(?:{longest_first})(?![\w'])", lambda found: labels[found[0]], text)


def _contrast(line: Line) -> tuple[float, float, float] | None:
    contrast = line.get("contrast")
    ends = [contrast.get(name) for name in ("value", "low", "high")] if isinstance(contrast, dict) else []
    found = [float(end) for end in ends if is_number(end) and abs(end) < LARGEST_LOG_ODDS]
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _why(line: Line) -> str:
    """Return a key of BECAUSE; of a metric that was asked, and has no weight, it is said that nothing is left."""
    why = line.get("why")
    if why == "no weight" and verdict_of(line) and not _against(line):
        return "nothing left"
    return why if isinstance(why, str) and why in BECAUSE else ""


def _against(line: Line) -> bool:
    return verdict_of(line) == AGAINST and line.get("declared") is not False


def _called(line: Line, labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, name) for name in _texts(line.get("together_with")))


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
