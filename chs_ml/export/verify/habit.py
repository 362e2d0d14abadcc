"""Something that a scorer does otherwise than the formula says."""

from __future__ import annotations

from dataclasses import dataclass

from chs_ml.export.verify.scorer import Scorer


@dataclass(frozen=True)
class Habit:
    """says: what was done, in words. scorer: one that does it. general: to every metric, not to one."""

    says: str
    scorer: Scorer
    general: bool = False
