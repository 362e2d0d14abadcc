"""Splits for people: a sentence each, with its numbers, under the condition that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chs_ml.export.evidence import Line, evidence_by_term, is_number, verdict_of
from chs_ml.export.labels import condition_in_words, labels_of
from chs_ml.export.words import is_flat, number, ratio
from chs_ml.formula import Condition, Term, WeightsFile

Sides = dict[bool, Term]
AGAINST = "it has no weight, as the data clearly go the other way than declared: check its direction"
AGAINST_BUT_MISSING = AGAINST.replace("it has no weight", "only a missing value has a weight")
WITHOUT = {
    "wish": "it has no weight, as a wish leaves it none",
    "alike": "it has no weight, as too few differ to learn from",
}
_WHERE = {True: "there", False: "elsewhere"}


def splits_in_words(weights: WeightsFile) -> list[tuple[str, list[str]]]:
    """Return for each condition its heading, 'Where Service calls > 3 (1,010 rows, 20%)', and a sentence a metric."""
    labels, papers = labels_of(weights), _papers(weights)
    lines = evidence_by_term(weights)
    found: dict[Condition, list[str]] = {}
    for metric, sides in _by_metric(weights).items():
        when = _holding(sides)
        paper = papers.get((metric, str(when)), {})
        said = [f"{labels.get(metric, metric)}: {_odds(sides, lines, paper)}", _apart(paper), _worth(paper)]
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


def _odds(sides: Sides, lines: Mapping[str, Line], paper: Line) -> str:
    """Return 'No → Active goes with churn 91% → 8% there (odds × 0.009), with 93% → 84% elsewhere (odds × 0.41)'."""
    told = {holds: _impact(lines.get(term.key, {})) for holds, term in sides.items() if not is_flat(term)}
    there, elsewhere = told.get(True), told.get(False)
    if there is None and elsewhere is None:
        return "has a curve of its own there"
    if there is None or elsewhere is None:
        known, absent = (elsewhere, True) if there is None else (there, False)
        return f"{known} {_WHERE[not absent]}; {_WHERE[absent]} {_why(sides.get(absent), _WHERE[absent], paper)}"
    turned = ", the other way round" if there.turns_round(elsewhere) else ""
    same = there.ends == elsewhere.ends
    return f"{there} there; {elsewhere.without_ends() if same else elsewhere} elsewhere{turned}"


def _why(term: Term | None, where: str, paper: Line) -> str:
    """Return why a side has no curve. term: where it lives on its missing value alone."""
    against, without = paper.get("against"), paper.get("without")
    if isinstance(against, list) and where in against:
        return AGAINST if term is None else AGAINST_BUT_MISSING
    if term is not None:
        return "only a missing value makes a difference"
    return WITHOUT.get(str(without.get(where)), "no difference") if isinstance(without, dict) else "no difference"


@dataclass(frozen=True)
class _Impact:
    """What a side goes with. rises: whether churn does. evident: there is evidence for it."""

    ends: str
    change: str
    rises: bool
    is_curve: bool
    evident: bool

    def turns_round(self, other: _Impact) -> bool:
        """Return whether the other side goes the other way, as far as there is evidence for both."""
        return self.is_curve and self.rises != other.rises and self.evident and other.evident

    def without_ends(self) -> str:
        return self.change

    def __str__(self) -> str:
        return f"{self.ends} goes with {self.change}"


def _impact(line: Line) -> _Impact | None:
    """Return what the papers say of a side, None where they hold nothing."""
    impact = line.get("impact")
    if not isinstance(impact, dict) or not is_number(impact.get("odds_ratio")):
        return None
    odds = impact["odds_ratio"]
    unsure = "" if verdict_of(line) in ("clear", "") else f", {verdict_of(line)}"
    change = f"churn odds × {ratio(odds)}{unsure}"
    if is_number(impact.get("churn_from")) and is_number(impact.get("churn_to")):
        change = f"churn {impact['churn_from']:.0%} → {impact['churn_to']:.0%} (odds × {ratio(odds)}{unsure})"
    curve = isinstance(line.get("shape"), str) and not line["shape"].startswith(("best:", "only "))
    evident = verdict_of(line) != "not enough evidence"
    return _Impact(f"{impact.get('start')} → {impact.get('end')}", change, odds > 1.0, curve, evident)


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
    """Return 'on 612 rows held out log-loss is 0.012 lower with it (0.003 to 0.021)'."""
    holdout = paper.get("holdout")
    loss = holdout.get("log_loss") if isinstance(holdout, dict) else None
    given = [loss.get(key) for key in ("difference", "low", "high")] if isinstance(loss, dict) else []
    ends = [float(end) for end in given if is_number(end)]
    if not isinstance(holdout, dict) or not is_number(holdout.get("rows")) or len(ends) < 3:
        return ""
    value, low, high = ends
    way = "lower" if value < 0 else "higher"
    low, high = (-high, -low) if value < 0 else (low, high)
    chance = ", which may be chance" if low < 0 < high else ""
    found = f"log-loss is {abs(value):.4f} {way} with it ({low:.4f} to {high:.4f}{chance})"
    return f"on {holdout['rows']:,} rows held out {found}"


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
