"""What weighs how much, how sure that is, and what each action goes with: two tables or one, heaviest term first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def formula_tables(weights: WeightsFile) -> tuple[Table, Table, Table]:
    """Return what weighs how much and how sure that is, what each action goes with, and both in one wide table.

    No column stands there for nothing.
    """
    weighing, impact = _weighing(weights), _impact(weights)
    return _table(weights, weighing), _table(weights, impact), _table(weights, [*weighing, *impact])


@dataclass(frozen=True)
class _Column:
    """One column: a cell for each term's key. words: it is read, not compared, and may wrap."""

    heading: str
    cells: Mapping[str, str | Text]
    words: bool = False


def _table(weights: WeightsFile, columns: Sequence[_Column]) -> Table:
    table = plain_table()
    table.add_column("Action")
    for column in columns:
        table.add_column(column.heading, justify="left" if column.words else "right", no_wrap=not column.words)
    for term in heaviest_first(weights):
        table.add_row(cell(side_label(weights, term)), *(_text(column.cells[term.key]) for column in columns))
    return table


def _text(content: str | Text) -> Text:
    return content if isinstance(content, Text) else cell(content)


def _weighing(weights: WeightsFile) -> list[_Column]:
    """Return weight, its interval, verdict and typical points of each term."""
    sure, evidence = sureness_of(weights), evidence_by_term(weights)
    verdicts = {key: str(one) for key, one in sure.items()}
    return [
        _Column("Weight", {term.key: f"{term.weight:.1%}" for term in weights.formula.terms}),
        *_uncertainty(sure),
        *([_Column("Verdict", verdicts, words=True)] if any(verdicts.values()) else []),
        _Column("Moves", {key: _moves(line) for key, line in evidence.items()}),
    ]


def _impact(weights: WeightsFile) -> list[_Column]:
    """Return direction, churn at both ends, the change over all customers, and the ratio of the odds of each term.

    Where it is known, the ratio of the metric by itself stands beside; where no impact is, only the direction.
    """
    lines = evidence_by_term(weights)
    measured = {key: _measured(line) for key, line in lines.items()}
    alone = {key: alone_of(line) for key, line in lines.items()}
    directions = {term.key: _direction(term, lines[term.key], measured[term.key]) for term in weights.formula.terms}
    columns = [_Column("Direction", directions, words=True)]
    if any(measured.values()):
        columns += [
            _Column("Churn", {key: _churn(found) for key, found in measured.items()}),
            _Column("All", {key: _change(found.get("average_change")) for key, found in measured.items()}),
            _Column("Odds", {key: _ratio(found["odds_ratio"]) if found else "" for key, found in measured.items()}),
        ]
    if any(alone.values()):
        columns.append(_Column("Alone", {key: _ratio(one.odds_ratio) if one else "" for key, one in alone.items()}))
    return columns


def _churn(found: Mapping[str, Any]) -> str:
    """Return '40% →  9%', '' where no impact is."""
    return f"{found['churn_from']:.0%} → {found['churn_to']:>3.0%}" if found else ""


def _uncertainty(sure: Mapping[str, Sureness]) -> list[_Column]:
    """Return a column of the weights' intervals; of their log-odds where no weight has one; none where neither is."""
    if any(one.interval for one in sure.values()):
        marked = any(one.outside for one in sure.values())
        return [_Column("95 % interval", {key: _interval(one, marked=marked) for key, one in sure.items()})]
    if any(one.contrast for one in sure.values()):
        return [_Column("Log-odds, 95 %", {key: _log_odds(one) for key, one in sure.items()})]
    return []


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
