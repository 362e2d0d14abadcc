"""What weighs how much and how sure that is, and what each action goes with: two tables, the heaviest term first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from chs_ml.cli.plain import cell
from chs_ml.cli.tables import plain_table
from chs_ml.explain.alone import alone_of
from chs_ml.explain.sureness import OUTSIDE, Sureness, sureness_of
from chs_ml.export.evidence import Line, evidence_by_term, impact_in_words, is_number
from chs_ml.export.labels import heaviest_first, side_label
from chs_ml.export.words import mark, ratio, shape_in_words
from chs_ml.formula import Term, WeightsFile

SAID_BY_THE_SIGN = {"rises", "falls"}
"""Shapes of which the sign before them says all, where the ends stand beside it."""
LARGEST_RATIO = 1e9


def weights_table(weights: WeightsFile) -> Table:
    """Return weight, its interval, verdict and typical points of each term; no column stands there for nothing."""
    sure, evidence = sureness_of(weights), evidence_by_term(weights)
    columns = {
        "Weight": {key: f"{weight:.1%}" for key, weight in _by_key(weights).items()},
        **_uncertainty(sure),
        "Verdict": {key: str(one) for key, one in sure.items()},
        "Moves": {key: _moves(line) for key, line in evidence.items()},
    }
    there = [heading for heading, cells in columns.items() if heading != "Verdict" or any(cells.values())]
    table = plain_table()
    table.add_column("Action")
    for heading in there:
        words = heading == "Verdict"
        table.add_column(heading, justify="left" if words else "right", no_wrap=not words)
    for term in heaviest_first(weights):
        table.add_row(cell(side_label(weights, term)), *(cell(columns[heading][term.key]) for heading in there))
    return table


def impact_table(weights: WeightsFile) -> Table:
    """Return direction, churn at both ends, the change over all customers, and the ratio of the odds of each term.

    Where it is known, the ratio of the metric by itself stands beside; where no impact is, only the direction.
    """
    lines = evidence_by_term(weights)
    measured = {key: _measured(line) for key, line in lines.items()}
    alone = {key: alone_of(line) for key, line in lines.items()}
    table = plain_table()
    table.add_column("Action")
    table.add_column("Direction")
    headings = ["Churn", "All", "Odds"] if any(measured.values()) else []
    headings += ["Alone"] if any(alone.values()) else []
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for term in heaviest_first(weights):
        found, by_itself = measured[term.key], alone[term.key]
        cells = {
            "Churn": f"{found['churn_from']:.0%} → {found['churn_to']:>3.0%}" if found else "",
            "All": _change(found.get("average_change")),
            "Odds": _ratio(found["odds_ratio"]) if found else "",
            "Alone": _ratio(by_itself.odds_ratio) if by_itself else "",
        }
        direction = _direction(term, lines[term.key], found)
        table.add_row(cell(side_label(weights, term)), direction, *(cells[heading] for heading in headings))
    return table


def _by_key(weights: WeightsFile) -> dict[str, float]:
    return {term.key: term.weight for term in weights.formula.terms}


def _uncertainty(sure: Mapping[str, Sureness]) -> dict[str, dict[str, str]]:
    """Return a column of the weights' intervals; of their log-odds where no weight has one; none where neither is."""
    if any(one.interval for one in sure.values()):
        marked = any(one.outside for one in sure.values())
        return {"95 % interval": {key: _interval(one, marked=marked) for key, one in sure.items()}}
    if any(one.contrast for one in sure.values()):
        return {"Log-odds, 95 %": {key: _log_odds(one) for key, one in sure.items()}}
    return {}


def _log_odds(sure: Sureness) -> str:
    """Return '2.3 (1.1 to 3.5)'."""
    return "–" if sure.contrast is None else "{:.1f} ({:.1f} to {:.1f})".format(*sure.contrast)


def _interval(sure: Sureness, *, marked: bool) -> str:
    """Return '14.1 to 19.8', with a mark where the weight lies outside; as wide without, where others are marked.

    A weight is never below 0 or above 100, so its interval is cut there: '0 to 12.3', 'below 0'.
    """
    mark_or_blank = (OUTSIDE if sure.outside else " ") if marked else ""
    if sure.interval is None:
        return f"–{mark_or_blank}"
    low, high = sure.interval
    ends = f"{_end(low)} to {_end(high)}" if high > 0.0 else "below 0"
    return f"{ends}{mark_or_blank}"


def _end(share: float) -> str:
    """Return an end of an interval in per cent, cut to 0 or 100."""
    return f"{100 * share:.1f}" if 0.0 < share < 1.0 else "0" if share <= 0.0 else "100"


def _direction(term: Term, line: Line, found: dict[str, Any]) -> Text:
    """Return '+ 1 → 72 months', '+ rises up to 99.75, 19.2 → 114.8 $', '± Fibre → DSL': from the worst to the best."""
    across = f"{found['start']} → {found['end']}" if found else ""
    shape = shape_in_words(term)
    told = across and (term.kind == "levels" or shape in SAID_BY_THE_SIGN)
    return cell(f"{mark(term)} {', '.join(filter(None, ('' if told else shape, across or impact_in_words(line))))}")


def _moves(line: Line) -> str:
    """Return the points that typically separate two customers on the term, '' where nothing is said."""
    moves = line.get("moves")
    return f"{moves:.1f}" if is_number(moves) else ""


def _change(value: Any) -> str:
    """Return a change of probability in percentage points, '' where nothing is said."""
    return f"{100 * value:+.0f}" if is_number(value) and abs(value) <= 1.0 else ""


def _ratio(value: float) -> str:
    """Return '× 0.10': two decimals where they are two digits that matter, so that a column reads well."""
    if 0.1 <= value < 10.0:
        return f"× {value:.2f}"
    return f"× {ratio(value) if 0.0 <= value < LARGEST_RATIO else f'{value:.2g}'}"


def _measured(line: Line) -> dict[str, Any]:
    """Return the impact where the evidence holds one as this package writes it, else {}: others may write otherwise."""
    impact = line.get("impact")
    numbers, texts = ("odds_ratio", "churn_from", "churn_to"), ("start", "end")
    if not isinstance(impact, dict) or not all(isinstance(impact.get(name), str) for name in texts):
        return {}
    return impact if all(is_number(impact.get(name)) for name in numbers) else {}
