"""The formula as people read it, in Markdown: what adds, what subtracts, conditions, bands, rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chs_ml.export.evidence import evidence_by_term, impact_in_words, interval_of, verdict_of
from chs_ml.export.labels import condition_in_words, heaviest_first, label_of, labels_of
from chs_ml.export.splits import splits_in_words
from chs_ml.export.words import mark, shape_in_words
from chs_ml.formula import Term, WeightsFile

HEADINGS = {
    "+": "Adds: more is healthier",
    "-": "Subtracts: less is healthier",
    "±": "Depends on the value",
}
HOW = "Score = 100 × Σ weight × health; health goes from 0 to 1 along each action's curve."
ASSOCIATION = "Impact is association, not effect: customers who differ so, alike in the rest, differ so in churn."


def to_markdown(weights: WeightsFile) -> str:
    """Return a page that fits on a screen: tables of actions, a sentence for each split, bands and rules."""
    parts = [_title(weights), _actions(weights), _splits(weights), _bands(weights), _rules(weights)]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _title(weights: WeightsFile) -> Iterator[str]:
    yield f"# {plain(weights.label or weights.name)}"
    yield ""
    yield f"{HOW} {ASSOCIATION} Digest `{weights.digest[:12]}`."


def _actions(weights: WeightsFile) -> Iterator[str]:
    """Give one table: actions that add, then those that subtract, then the others, the heaviest of each first."""
    lines = evidence_by_term(weights)
    yield "| Action | Weight | 95 % interval | Verdict | Shape | Impact |"
    yield "|---|---:|---|---|---|---|"
    for sign, heading in HEADINGS.items():
        terms = [term for term in heaviest_first(weights) if mark(term) == sign]
        if terms:
            yield f"| **{heading}** | {sum(term.weight for term in terms):.1%} | | | | |"
        for term in terms:
            yield _row([label_of(weights, term), *_cells(term, lines[term.key])])


def _cells(term: Term, line: dict[str, object]) -> Iterator[str]:
    interval = interval_of(line)
    yield f"{term.weight:.1%}"
    yield "" if interval is None else f"{_share(interval[0])} to {_share(interval[1])}"
    yield verdict_of(line)
    yield shape_in_words(term)
    yield impact_in_words(line)


def _share(end: float) -> str:
    return f"{100 * min(max(end, 0.0), 1.0):.1f}"


def _splits(weights: WeightsFile) -> Iterator[str]:
    for heading, sentences in splits_in_words(weights):
        yield f"- {plain(heading)}:"
        yield from (f"  - {plain(sentence)}" for sentence in sentences)


def _bands(weights: WeightsFile) -> Iterator[str]:
    if weights.formula.bands:
        yield "| Band | Score from |"
        yield "|---|---:|"
        yield from (_row([band.name, f"{band.start:g}"]) for band in weights.formula.bands)


def _rules(weights: WeightsFile) -> Iterator[str]:
    labels = labels_of(weights)
    for rule in weights.formula.rules:
        yield f"- {plain(f'{condition_in_words(rule.when, labels)}: {rule.band} ({rule.because})')}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(plain(cell) for cell in cells)} |"


def plain(text: str) -> str:
    """Return text of one line that Markdown, GitHub's too, and HTML take as it is."""
    text = re.sub(r"[\t\r\n\v\f\u2028\u2029\x85]+", " ", text)
    return re.sub(r"[\\`*_{}\[\]<>#|&~]", r"\\\g<0>", text)
