"""One question to every engine: does it answer a formula's vectors as the formula says?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chs_ml.formula import WeightsFile
from chs_ml.formula.vectors import read_input, vectors_of

TOLERANCE = 1e-9
MANY = 150
"""Vectors asked of a fixed formula; of a drawn one the thirty or so that travel in its file."""


@dataclass(frozen=True)
class Answer:
    """What an engine says of one row; None for what the formula does not give."""

    score: float
    churn_probability: float | None = None
    band: str | None = None


class Engine(Protocol):
    """One engine that computes one target.

    skips: tags of vectors that it cannot hold, each with the reason; they are counted, never passed over in silence.
    """

    name: str
    skips: dict[str, str]

    def answers(self, weights: WeightsFile, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        """Compute the formula's export on these rows: each has every metric, as read_input gives it."""
        ...


def with_many(weights: WeightsFile) -> WeightsFile:
    """The file with more vectors than it would carry."""
    return replace(weights, vectors=vectors_of(weights.formula, MANY))


def check(engine: Engine, weights: WeightsFile) -> int:
    """Fail where an engine answers otherwise; return how many vectors were asked, more than half of them."""
    asked = [vector for vector in weights.vectors if not set(vector["tags"]) & set(engine.skips)]
    assert len(asked) * 2 > len(weights.vectors), f"{engine.name}: {len(asked)} of {len(weights.vectors)} vectors asked"
    rows = [{name: read_input(vector["inputs"][name]) for name in weights.formula.metrics} for vector in asked]
    given = engine.answers(weights, rows)
    assert len(given) == len(asked)
    wrong = [
        f"{vector['tags']} {vector['inputs']}: {answer}, written {vector['score']}, {vector['churn_probability']}, "
        f"{vector['band']}"
        for vector, answer in zip(asked, given, strict=True)
        if not same(vector, answer)
    ]
    assert not wrong, f"{engine.name}: {len(wrong)} of {len(asked)} vectors differ\n" + "\n".join(wrong[:5])
    return len(asked)


def same(vector: dict[str, Any], answer: Answer) -> bool:
    """Whether an answer is what the vector says."""
    numbers = (vector["score"], answer.score), (vector["churn_probability"], answer.churn_probability)
    return all(_close(*pair) for pair in numbers) and vector["band"] == answer.band


def _close(want: float | None, got: float | None) -> bool:
    if want is None or got is None:
        return want is None and (got is None or math.isnan(got))
    return math.isfinite(got) and abs(want - got) <= TOLERANCE
