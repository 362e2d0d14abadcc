"""Which terms leave for want of evidence: the weakest first, the companion refitted after each.

A term goes when neither its contrast nor its whole curve has evidence: a curve that rises and falls again has no
contrast from end to end, and dropping it for that cost up to .011 of log-loss. The last term always stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.evidence.contrasts import Contrast, Signs, contrasts_of

Why = Literal["no evidence", "same information", "no weight"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A term stays with a contrast of ``z`` standard errors, or a whole curve whose p is ``whole`` or less.

    found: the same where the data chose the direction, so that chance had two sides to choose from.
    """

    z: float
    found: float
    whole: float

    def lets_go(self, contrast: Contrast, *, declared: bool) -> bool:
        """Return whether there is no evidence in either."""
        enough = self.z if declared else self.found
        return not (contrast.signed and contrast.z >= enough) and contrast.whole_p > self.whole


RULES: dict[str, Rule | None] = {"usual": Rule(1.28, 1.645, 0.1), "strict": Rule(1.645, 1.96, 0.01), "all": None}
"""By the words of the spec's ``calibration.evidence``; under ``all`` nothing leaves."""


@dataclass(frozen=True, slots=True)
class Left:
    """A metric without a term: why, and what its companion said when it left (None: it was not asked).

    together_with: the metrics that say the same, where that is why.
    """

    metric: str
    why: Why
    contrast: Contrast | None = None
    together_with: tuple[str, ...] = ()


def without_evidence(
    companion: Companion, signs: Signs, rule: Rule | None, keep: Collection[str], declared: Collection[str]
) -> tuple[Left, ...]:
    """Return the metrics that leave, the weakest first.

    keep: those that stay whatever is said of them. declared: those whose direction was not the data's to choose.
    """
    left: list[Left] = []
    while rule is not None and len(companion.metrics) > 1:
        contrasts = contrasts_of(companion, signs)
        asked = [contrast for contrast in contrasts if contrast.metric not in keep]
        going = [contrast for contrast in asked if rule.lets_go(contrast, declared=contrast.metric in declared)]
        if not going:
            break
        weakest = max(going, key=lambda contrast: (contrast.whole_p, contrast.metric))
        left.append(Left(weakest.metric, "no evidence", weakest))
        companion = companion.without(companion.metrics.index(weakest.metric))
    return tuple(left)
