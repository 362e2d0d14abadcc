"""Levels: which texts of a column mean a level. Whole numbers and flags have several spellings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.tree import Node, among, called, case, col, every, not_, same, word
from chs_ml.formula import Formula, Levels
from chs_ml.formula.columns import level_positions

FLAGS = ("true", "false")


@dataclass(frozen=True, slots=True)
class Spelling:
    """Other ways to write a level. of: ``1`` or ``true``. written: the text that stands for all of them.

    own: the levels that are such a way, and stay as they are.
    """

    of: str
    written: str
    own: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a metric's texts are told apart. levels: all that the formula asks about, anywhere."""

    levels: tuple[str, ...]
    spellings: tuple[Spelling, ...]

    def meanings(self, table: Sequence[str]) -> list[list[str]]:
        """Return for each level of a table the texts that mean it: the formula itself is asked."""
        known = [*self.levels, *(one.written for one in self.spellings)]
        found: list[list[str]] = [[] for _ in table]
        for text, position in zip(known, level_positions(known, table), strict=False):
            if 0 <= position < len(table):
                found[position].append(text)
        return found

    def read(self, given: str, dialect: Dialect) -> Node:
        """Return the column ``given`` as text that is compared, every other spelling written in one way."""
        plain = dialect.compared(col(given))
        whens = [(self._is(one, given, dialect), dialect.level(one.written)) for one in self.spellings]
        return case(*whens, otherwise=plain)

    def _is(self, one: Spelling, given: str, dialect: Dialect) -> Node:
        text = dialect.compared(col(given))
        if one.of in FLAGS:
            found = same(dialect.compared(called("LOWER", col(given))), dialect.level(one.of))
        else:  # 1.0, 1.00 …: nothing but zeros behind the point
            digits = called("REPLACE", text.copy(), word("0"), word(""))
            zeros = same(digits, dialect.level(one.of.replace("0", "") + "."))
            found = every(exp.Like(this=text.copy(), expression=word(f"{one.of}.0%")), zeros)
            if one.of not in one.own:
                found = exp.paren(exp.or_(same(text.copy(), dialect.level(one.of)), found, copy=False), copy=False)
        return every(found, not_(among(text.copy(), [dialect.level(level) for level in one.own])))


def readings_of(formula: Formula) -> dict[str, Reading]:
    """Return how each metric is read that is a level."""
    levels: dict[str, dict[str, None]] = {}
    for metric, level in _asked(formula):
        levels.setdefault(metric, {})[level] = None
    return {metric: Reading(tuple(found), tuple(_spellings(tuple(found)))) for metric, found in levels.items()}


def _asked(formula: Formula) -> Iterator[tuple[str, str]]:
    for term in formula.terms:
        if isinstance(term.shape, Levels):
            yield from ((term.metric, level) for level in term.shape.names)
    for when in [*(term.when for term in formula.terms), *(rule.when for rule in formula.rules)]:
        if when is not None and when.level is not None:
            yield when.metric, when.level


def _spellings(levels: tuple[str, ...]) -> Iterator[Spelling]:
    by_stem: dict[str, list[str]] = {}
    for level in levels:
        by_stem.setdefault(_stem(level), []).append(level)
    for of, own in by_stem.items():
        if of:
            written = (
                (of.title(), of.upper(), of) if of in FLAGS else (f"{of}.{'0' * zeros}" for zeros in range(1, 501))
            )
            yield Spelling(of, next(text for text in written if text not in own), tuple(own))


def _stem(level: str) -> str:
    """Return '1' for '1', '1.0' …, 'true' for 'true', 'True' …, '' for a level that is written in one way."""
    if level.lower() in FLAGS:
        return level.lower()
    stem = level.partition(".")[0]
    other = f"{level}0" if "." in level else f"{level}.0"
    return stem if level_positions([other], [level])[0] == 0 else ""
