"""How sure the weights are, and what was left out, as the papers of a formula keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chs_ml.export.words import is_flat
from chs_ml.fit.evidence.alone import Alone
from chs_ml.fit.evidence.contrasts import Contrast
from chs_ml.fit.evidence.inference import Evidence, Verdict, verdict_of
from chs_ml.fit.evidence.leaving import Left
from chs_ml.fit.learning import Learned
from chs_ml.fit.selection import Choice
from chs_ml.formula import Formula, Term


def certainty_of(learned: Learned, alone: Mapping[str, Alone]) -> dict[str, dict[str, Any]]:
    """Return the line of each metric with a weight: interval, verdict, contrast, ranks, and what it says alone."""
    return {term.metric: _line(term, alone.get(term.metric)) for term in learned.inference.terms}


def left_out(choice: Choice) -> list[dict[str, Any]]:
    """Return the metrics without a term: why, and what the companion said of them when they left."""
    return [
        {
            "metric": left.metric,
            "why": left.why,
            "verdict": _verdict(left, choice),
            "declared": left.metric in choice.declared,
            "z": left.contrast and left.contrast.z,
            "p": left.contrast and left.contrast.whole_p,
            "contrast": left.contrast and _contrast(left.contrast),
            "together_with": list(left.together_with),
        }
        for left in choice.left
    ]


def against_their_direction(choice: Choice) -> list[str]:
    """Return a sentence for each metric without a term that clearly goes the other way than declared."""
    return [
        f"metric {left.metric!r} clearly goes the other way than declared ({left.contrast.z:+.1f} standard errors), "
        "and so has no weight; check its direction"
        for left in choice.left
        if left.contrast and left.metric in choice.declared and _verdict(left, choice) == "contradicts its direction"
    ]


def against_in_the_formula(formula: Formula, learned: Learned) -> list[str]:
    """Return a sentence for each metric that has a term, not split, and clearly goes the other way than declared."""
    terms = {term.key: term for term in formula.terms}
    return [
        f"metric {one.metric!r} clearly goes the other way than declared, {comes_to(terms.get(one.metric))}; "
        "check its direction"
        for one in learned.inference.terms
        if one.verdict == "contradicts its direction" and one.metric in learned.choice.declared
    ]


def comes_to(term: Term | None, where: str = "") -> str:
    """Return what a curve against its direction comes to in the formula. where: of which side it is said."""
    if term is None:
        return f"and so has no weight{where}"
    return f"and so has a weight{where} for missing values only" if is_flat(term) else f"yet has some weight{where}"


def _verdict(left: Left, choice: Choice) -> Verdict | None:
    if left.contrast is None:
        return None
    return verdict_of(left.contrast, declared=left.metric in choice.declared)


def _contrast(contrast: Contrast) -> dict[str, float]:
    return {"value": contrast.estimate, "low": contrast.low, "high": contrast.high}


def _line(term: Evidence, alone: Alone | None) -> dict[str, Any]:
    return {
        "low": term.low,
        "high": term.high,
        "verdict": term.verdict,
        "z": term.z,
        "p": term.whole_p,
        "contrast": {"value": term.contrast, "low": term.contrast_low, "high": term.contrast_high},
        "rank": None if term.rank_low is None else {"low": term.rank_low, "high": term.rank_high},
        "outside": term.outside,
        "together_with": list(term.together_with),
        "separates": term.separates,
        "alone": alone and {"odds_ratio": alone.odds_ratio, "low": alone.low, "high": alone.high, "rows": alone.rows},
    }
