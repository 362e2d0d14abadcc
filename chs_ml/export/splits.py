"""Splits for people: a sentence each, with its numbers, under the condition that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chs_ml.export.evidence import Line, evidence_by_term, is_number, verdict_of
from chs_ml.export.labels import condition_in_words, labels_of
from chs_ml.export.words import number, ratio
from chs_ml.formula import Condition, Term, WeightsFile

Sides = dict[bool, Term]


def splits_in_words(weights: WeightsFile) -> list[tuple[str, list[str]]]:
    """Return for each condition its heading, 'Where Service calls > 3 (1,010 rows, 20%)', and a sentence a metric."""
    labels, papers = labels_of(weights), _papers(weights)
    lines = evidence_by_term(weights)
    found: dict[Condition, list[str]] = {}
    for metric, sides in _by_metric(weights).items():
        when = _holding(sides)
        paper = papers.get((metric, str(when)), {})
        said = [f"{labels.get(metric, metric)}: {_odds(sides, lines)}", _apart(paper), _worth(paper)]
        found.setdefault(when, []).append("; ".join(filter(None, said)) + ".")
    return [(_heading(weights, when, papers), sentences) for when, sentences in found.items()]


def _by_metric(weights: WeightsFile) -> dict[str, Sides]:
    found: dict[str, Sides] = {}
    for term in sorted(weights.formula.terms, key=lambda term: -term.weight):
        if term.when is not None:
            found.setdefault(term.metric, {})[term.when.holds] = term
    return found


def _holding(sides: Sides) -> Condition:
    when = next(iter(sides.values())).when or Condition("", level="")
    return Condition(when.metric, when.above, when.level)


def _heading(weights: WeightsFile, when: Condition, papers: Mapping[tuple[str, str], Line]) -> str:
    paper = next((paper for (_, said), paper in papers.items() if said == str(when)), {})
    rows, share = paper.get("rows"), paper.get("share")
    many = f" ({rows:,.0f} rows, {share:.0%})" if is_number(rows) and is_number(share) else ""
    return f"Where {condition_in_words(when, labels_of(weights))}{many}"


def _odds(sides: Sides, lines: Mapping[str, Line]) -> str:
    """Return 'No → Active: churn odds × 0.009 there, × 0.41 elsewhere'."""
    told = {holds: _impact(lines.get(term.key, {})) for holds, term in sides.items()}
    there, elsewhere = told.get(True), told.get(False)
    if there is None and elsewhere is None:
        return "has a curve of its own there"
    if there is None or elsewhere is None:
        where = "elsewhere" if there is None else "there"
        ends, odds = there or elsewhere or ("", "")
        return f"{ends}: churn odds {odds} {where}, and no difference {'there' if there is None else 'elsewhere'}"
    if there[0] == elsewhere[0]:
        return f"{there[0]}: churn odds {there[1]} there, {elsewhere[1]} elsewhere"
    return f"churn odds {there[1]} there ({there[0]}), {elsewhere[1]} elsewhere ({elsewhere[0]})"


def _impact(line: Line) -> tuple[str, str] | None:
    """Return the ends and the ratio of churn odds, None where the papers hold none."""
    impact = line.get("impact")
    if not isinstance(impact, dict) or not is_number(impact.get("odds_ratio")):
        return None
    unsure = "" if verdict_of(line) in ("clear", "") else f" ({verdict_of(line)})"
    return f"{impact.get('start')} → {impact.get('end')}", f"× {ratio(impact['odds_ratio'])}{unsure}"


def _apart(paper: Line) -> str:
    """Return 'the sides differ (p < 0.001, all 400 pairs that were looked at counted)', '' where nothing is said."""
    p, asked = paper.get("p"), paper.get("asked")
    if not is_number(p) or not isinstance(paper.get("verdict"), str):
        return ""
    value = "p < 0.001" if p < 0.001 else f"p = {number(float(f'{p:.2g}'))}"
    counted = f", all {asked:,} pairs looked at counted" if is_number(asked) and asked > 1 else ""
    differ = {"clear": "the sides differ", "weak": "the sides differ, likely"}
    return f"{differ.get(paper['verdict'], 'the sides may be alike')} ({value}{counted})"


def _worth(paper: Line) -> str:
    """Return 'log-loss with it −0.012 (−0.021 to −0.003) on 612 rows held out'."""
    holdout = paper.get("holdout")
    loss = holdout.get("log_loss") if isinstance(holdout, dict) else None
    ends = [loss.get(key) for key in ("difference", "low", "high")] if isinstance(loss, dict) else []
    if not isinstance(holdout, dict) or not is_number(holdout.get("rows")) or not all(map(is_number, ends)) or not ends:
        return ""
    value, low, high = (f"{end:+.4f}" for end in ends)
    return f"log-loss with it {value} ({low} to {high}) on {holdout['rows']:,} rows held out"


def _papers(weights: WeightsFile) -> dict[tuple[str, str], Line]:
    """Return what calibration wrote of each split, by metric and condition; nobody checked it."""
    lines: Any = weights.training.get("splits")
    found = {}
    for line in lines if isinstance(lines, list) else []:
        when = line.get("when") if isinstance(line, dict) else None
        if isinstance(when, dict) and isinstance(when.get("metric"), str) and ("above" in when) != ("level" in when):
            above, level = when.get("above"), when.get("level")
            if is_number(above) or isinstance(level, str):
                condition = Condition(when["metric"], float(above) if is_number(above) else None, level)
                found[str(line.get("metric")), str(condition)] = line
    return found
