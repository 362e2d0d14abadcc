"""Levels in one spelling each, as PMML compares them: '1.0' is '1', 'TRUE' is 'true'."""

from __future__ import annotations

import re

from chs_ml.errors import FormulaError
from chs_ml.formula import Formula, Levels

FLAGS = ("true", "false")
ENDS_IN_ZEROS = r"^(-?(0|(?!0)\d+))\.0+$"
"""A whole number with '.0'. It has no brackets: pmml4s keeps of a constant only what stands after the last ``]``."""
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")


def spelling(level: str) -> str:
    """Return the one spelling of a level."""
    whole = _WHOLE.fullmatch(level)
    return whole[1] if whole else level.lower() if is_flag(level) else level


def is_whole(level: str) -> bool:
    """Return whether a level is a whole number."""
    return _WHOLE.fullmatch(level) is not None


def is_flag(level: str) -> bool:
    """Return whether a level is true or false, in whatever letters."""
    return level.lower() in FLAGS


def levels_of(formula: Formula) -> dict[str, list[str]]:
    """Return every level that is listed or asked for, by metric."""
    found: dict[str, list[str]] = {}
    for term in formula.terms:
        if isinstance(term.shape, Levels):
            found.setdefault(term.metric, []).extend(term.shape.names)
    for when in [term.when for term in formula.terms if term.when] + [rule.when for rule in formula.rules]:
        if when.level is not None:
            found.setdefault(when.metric, []).append(when.level)
    return found


def refuse_levels(formula: Formula) -> None:
    """FormulaError for levels that the formula takes letter for letter where PMML compares spellings."""
    for metric, levels in levels_of(formula).items():
        odd = next((level for level in levels if is_flag(level) and level not in _usual(level)), None)
        if odd is not None:
            raise FormulaError(
                f"metric {metric!r}: target 'pmml' takes level {odd!r} for {odd.lower()!r}. Write it {odd.lower()!r}"
            )
    for term in formula.terms:
        seen: dict[str, str] = {}
        for level in term.shape.names if isinstance(term.shape, Levels) else ():
            first = seen.setdefault(spelling(level), level)
            if first != level:
                raise FormulaError(
                    f"term {term.key!r}: target 'pmml' takes levels {first!r} and {level!r} for one number. Merge them"
                )


def _usual(flag: str) -> tuple[str, str, str]:
    """Return the letters in which the formula takes a flag for true or false."""
    return flag.lower(), flag.title(), flag.upper()
