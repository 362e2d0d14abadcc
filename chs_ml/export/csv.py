"""Weights as a table that opens in a spreadsheet: a line a term, the heaviest first."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from chs_ml.export.evidence import evidence_by_term, impact_in_words, interval_of, is_number, separates, verdict_of
from chs_ml.formula import Term, WeightsFile

COLUMNS = ("term", "metric", "when", "pillar", "direction", "weight", "low", "high", "verdict", "impact", "moves")
RUNS_IN_A_SPREADSHEET = r"\A[=+\-@\t\r\n]"
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV injection)."""
_RUNS = re.compile(RUNS_IN_A_SPREADSHEET)


def to_csv(weights: WeightsFile) -> str:
    """Return CSV text with a header; text that a spreadsheet would run is preceded by an apostrophe."""
    evidence = evidence_by_term(weights)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for term in sorted(weights.formula.terms, key=lambda term: -term.weight):
        writer.writerow(_cells(term, evidence[term.key]))
    return out.getvalue()


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if _RUNS.match(text) else text


def _cells(term: Term, line: dict[str, Any]) -> list[str]:
    when, moves = "" if term.when is None else str(term.when), line.get("moves")
    words = [harmless(text) for text in (term.key, term.metric, when, term.pillar, term.direction)]
    impact = " ".join(impact_in_words(line).split())  # one line, so that none of its lines begins like a formula
    low, high = interval_of(line) or ("", "")
    verdict = ", ".join(filter(None, (verdict_of(line), "separates" if separates(line) else "")))
    weight = [repr(term.weight), str(low), str(high), verdict]
    return [*words, *weight, harmless(impact), str(moves) if is_number(moves) else ""]
