"""Weights as a table that opens in a spreadsheet: a line a term, the heaviest first."""

from __future__ import annotations

import csv
import io
import re

from chs_ml.formula import Term, WeightsFile

COLUMNS = ("term", "metric", "when", "pillar", "direction", "weight", "impact", "moves")
_LOOKS_LIKE_A_FORMULA = re.compile(r"^[=+\-@\t\r\n]")


def to_csv(weights: WeightsFile) -> str:
    """Return CSV text with a header; text that a spreadsheet would run is preceded by an apostrophe."""
    evidence = {(line.get("metric"), str(line.get("when"))): line for line in weights.evidence}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for term in sorted(weights.formula.terms, key=lambda term: -term.weight):
        when = None if term.when is None else str(term.when)
        line = evidence.get((term.metric, str(when)), {})
        impact = line.get("impact") or {}
        writer.writerow(_cells(term, when, impact.get("words"), line.get("moves")))
    return out.getvalue()


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if _LOOKS_LIKE_A_FORMULA.match(text) else text


def _cells(term: Term, when: str | None, impact: str | None, moves: float | None) -> list[str]:
    words = [term.key, term.metric, when or "", term.pillar, term.direction]
    return [*map(harmless, words), repr(term.weight), harmless(impact or ""), "" if moves is None else repr(moves)]
