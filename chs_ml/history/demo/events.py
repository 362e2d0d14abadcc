"""Rows of the event log: of one type each, with a feature or a value where the type has one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray, TextArray
from chs_ml.history.demo.rows import Rows
from chs_ml.history.demo.spells import INTS

EVENTS: TextArray = np.array(
    ["login", "feature_use", "contact", "reference", "value_achieved", "conversation_pulse"], dtype=object
)
FEATURES: TextArray = np.array(
    [
        "dashboards", "reports", "alerts", "exports", "sharing", "comments", "templates", "automation",
        "api", "forecasts", "segments", "integrations", "permissions", "audit_log", "mobile", "sandbox",
    ],
    dtype=object,
)  # fmt: skip


def event_rows(
    event: str, spell: INTS, at: INTS, *, feature: NDArray[Any] | None = None, value: FloatArray | None = None
) -> Rows:
    """Return rows of one type of event; types and features are places in EVENTS and FEATURES, in a byte each."""
    size = len(at)
    columns: dict[str, NDArray[Any]] = {
        "event": np.full(size, EVENTS.tolist().index(event), dtype=np.int8),
        "feature": np.full(size, -1, dtype=np.int8) if feature is None else feature.astype(np.int8),
        "value": np.full(size, np.nan) if value is None else value,
    }
    return Rows(spell, at, columns)
