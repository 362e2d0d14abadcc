"""What keeps the customers of the demo: the planted log-odds of staying, a sum over metrics of weight × health.

Health is a known curve or level table in 0..1 of the metric as the panel has it, so that the panel which a calibration
builds from the files follows exactly this logistic model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from chs_ml.formula import Condition, Curve, Direction, Levels
from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Company

CHURN = 0.09
"""Of the customers in the panel, so many churn within the horizon, on average over the cutoffs."""


@dataclass(frozen=True, slots=True)
class PlantedTerm:
    """One metric (or one side of a split) and its part in staying.

    weight: log-odds of staying between health 0 and 1; 0: the metric says nothing. health: of the metric's values;
    where ``when`` does not hold, ``otherwise`` stands in its place.
    """

    metric: str
    pillar: str
    direction: Direction
    weight: float
    health: Curve | Levels
    when: Condition | None = None
    otherwise: float = 1.0

    def log_odds(self, panel: Mapping[str, Any]) -> FloatArray:
        """Return this term's log-odds of staying per row."""
        health = self.health.health(panel[self.metric])
        if self.when is not None:
            health = np.where(self.when.applies(panel), health, self.otherwise)
        return np.asarray(self.weight * health)


@dataclass(frozen=True, slots=True)
class Planted:
    """The whole truth: P(stays) = σ(intercept + Σ terms + intervention_effect · (one in the last 30 days))."""

    terms: tuple[PlantedTerm, ...]
    intercept: float = 0.0
    intervention_effect: float = 0.0

    def log_odds(self, panel: Mapping[str, Any], intervened: Any = None) -> FloatArray:
        """Return the log-odds of staying per row of a panel. intervened: rows with an intervention lately."""
        total = np.sum([term.log_odds(panel) for term in self.terms], axis=0) + self.intercept
        return np.asarray(total if intervened is None else total + self.intervention_effect * intervened)

    def churn(self, panel: Mapping[str, Any], intervened: Any = None) -> FloatArray:
        """Return the probability of churn per row of a panel."""
        return np.asarray(expit(-self.log_odds(panel, intervened)))

    def share(self, term: PlantedTerm) -> float:
        """Return a term's weight as a share of all weights."""
        return term.weight / sum(each.weight for each in self.terms)


def planted_in(company: Company, intercept: float = 0.0) -> Planted:
    """Return the truth of a company; curves over the number of logins stretch with its activity."""
    return Planted(_terms(company.activity), intercept, company.intervention_effect)


@dataclass(frozen=True, slots=True)
class _Metric:
    """Whose curve is told next."""

    name: str
    pillar: str
    weight: float

    def along(self, knots: Sequence[float], health: Sequence[float], missing: float = 0.5) -> PlantedTerm:
        direction: Direction = "positive" if health[0] <= health[-1] else "negative"
        curve = Curve(tuple(map(float, knots)), tuple(map(float, health)), missing)
        return PlantedTerm(self.name, self.pillar, direction, self.weight, curve)


def _terms(activity: float) -> tuple[PlantedTerm, ...]:
    busy = 0.5 + 0.5 * activity
    basic = Condition("plan", level="basic")
    tickets = Curve((0.0, 2.0, 6.0), (1.0, 0.5, 0.0), 1.0)
    return (
        _Metric("active_days_30d", "engagement", 1.5).along((2, 10, 18), (0, 0.75, 1)),
        _Metric("login_trend_30d", "engagement", 0.8).along((-0.6, 0, 0.4), (0, 0.7, 1), 0.2),
        _Metric("logins_30d", "usage", 0.0).along((0, 100 * busy), (0, 1)),
        _Metric("logins_per_seat", "usage", 1.0).along((0, 2 * busy, 5 * busy), (0, 0.7, 1)),
        _Metric("features_90d", "usage", 1.2).along((1, 6, 13), (0, 0.6, 1)),
        _Metric("feature_share_90d", "usage", 0.0).along((0, 1), (0, 1)),
        _Metric("seats", "usage", 0.0).along((2, 100), (0, 1)),
        _Metric("value_90d", "roi", 1.0).along((0, 1500, 5000), (0, 0.6, 1)),
        _Metric("pulse_90d", "satisfaction", 0.9).along((30, 80), (0, 1), 0.45),
        _Metric("nps", "satisfaction", 1.4).along((2, 6, 9), (0, 0.3, 1), 0.35),
        _Metric("nps_age", "satisfaction", 0.0).along((0, 365), (1, 0)),
        _Metric("csat", "satisfaction", 0.8).along((1, 5), (0, 1)),
        PlantedTerm("tickets_90d", "support", "negative", 2.2, tickets, basic),
        PlantedTerm("tickets_90d", "support", "negative", 0.0, tickets, Condition("plan", level="basic", holds=False)),
        _Metric("open_tickets", "support", 0.9).along((0, 1, 3), (1, 0.4, 0)),
        _Metric("days_late_90d", "payment", 1.3).along((0, 7, 30), (1, 0.6, 0), 1.0),
        _Metric("references", "advocacy", 0.8).along((0, 1, 3), (0, 0.6, 1)),
        _Metric("days_since_contact", "relationship", 0.9).along((5, 120), (1, 0), 0.0),
        _Metric("days_until_renewal", "relationship", 0.7).along((0, 60, 300), (0, 0.6, 1), 0.5),
        _Metric("tenure_months", "relationship", 1.0).along((3, 12, 36), (0, 0.6, 1)),
        PlantedTerm(
            "plan", "relationship", "free", 0.7, Levels((("basic", 0.0), ("team", 0.7), ("business", 1.0)), 0.5, 0.5)
        ),
    )
