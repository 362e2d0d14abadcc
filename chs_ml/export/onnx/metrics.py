"""Metrics as the graph reads them: numbers with a mark for the known ones, texts as positions among levels."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from chs_ml.export.onnx.graph import Graph
from chs_ml.formula.conditions import Condition

LARGEST = sys.float_info.max
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")
ENDS_IN_ZEROS = r"-?(0|[1-9][0-9]*)\.0+"


@dataclass(frozen=True, slots=True)
class Number:
    """The names of two tensors. known: neither NaN nor infinite. value: 0 where not known."""

    known: str
    value: str


class Metrics:
    """What the graph has read of each metric, so that none is read twice."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._numbers: dict[str, Number] = {}
        self._positions: dict[tuple[str, tuple[str, ...]], str] = {}
        self._heads: dict[str, str] = {}

    def number(self, name: str) -> Number:
        """Return a metric as a number; a comparison with NaN is false, so NaN is not known."""
        if name not in self._numbers:
            graph = self.graph
            known = graph.add("LessOrEqual", graph.add("Abs", name), graph.doubles(LARGEST))
            self._numbers[name] = Number(known, graph.add("Where", known, name, graph.doubles(0.0)))
        return self._numbers[name]

    def position(self, name: str, levels: Sequence[str]) -> str:
        """Return where a metric's level stands among ``levels``: as many for one not listed, one more for missing.

        As the formula has it: '1.0' is '1', and 'TRUE' is 'true', unless they are listed themselves.
        """
        key = (name, tuple(levels))
        if key not in self._positions:
            self._positions[key] = self._found(name, levels)
        return self._positions[key]

    def applies(self, when: Condition) -> str:
        """Return where a condition is as asked."""
        graph = self.graph
        if when.level is not None:
            true = graph.add("Equal", self.position(when.metric, [when.level]), graph.whole(0))
        else:
            number = self.number(when.metric)
            above = graph.add("Greater", number.value, graph.doubles(float(when.above or 0.0)))
            true = graph.add("And", number.known, above)
        return true if when.holds else graph.add("Not", true)

    def at_least(self, name: str, floor: float) -> str:
        """Return where a metric is known and not below a floor."""
        number = self.number(name)
        enough = self.graph.add("GreaterOrEqual", number.value, self.graph.doubles(floor))
        return self.graph.add("And", number.known, enough)

    def _found(self, name: str, levels: Sequence[str]) -> str:
        other, index = len(levels), {level: position for position, level in enumerate(levels)}
        found = self._looked_up(name, {"": other + 1, **_flags(index), **index}, other)
        whole = {head[1]: position for level, position in index.items() if (head := _WHOLE.fullmatch(level))}
        if not whole:
            return found
        by_head = self._looked_up(self._head(name), whole, other)
        return self.graph.add("Where", self.graph.add("Equal", found, self.graph.whole(other)), by_head, found)

    def _looked_up(self, name: str, keys: Mapping[str, int], other: int) -> str:
        texts, values = list(keys), list(keys.values())
        return self.graph.add("LabelEncoder", name, keys_strings=texts, values_int64s=values, default_int64=other)

    def _head(self, name: str) -> str:
        """Return a text without its '.0', any other as it is."""
        if name not in self._heads:
            graph = self.graph
            graph.needs_text()
            zeros, filler = graph.add("RegexFullMatch", name, pattern=ENDS_IN_ZEROS), graph.texts("0.0", rows=True)
            parted = graph.add("Where", zeros, name, filler)  # each has two parts, and there is one row or more
            parts = graph.add("StringSplit", graph.add("Concat", parted, filler, axis=0), delimiter=".")
            heads = graph.add("Gather", parts, graph.first(), axis=2)
            heads = graph.add("Slice", heads, graph.whole(0), graph.whole(-1), graph.whole(0))
            self._heads[name] = graph.add("Where", zeros, heads, name)
        return self._heads[name]


def _flags(index: Mapping[str, int]) -> dict[str, int]:
    """Return every way to write true and false, with the position of the one that is listed."""
    found: dict[str, int] = {}
    for word in ("true", "false"):
        position = next((index[form] for form in (word, word.title(), word.upper()) if form in index), None)
        if position is not None:
            found |= dict.fromkeys(map("".join, product(*zip(word, word.upper(), strict=True))), position)
    return found
