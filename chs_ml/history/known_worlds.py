"""Worlds to prove things on: what the coverage, the search for splits and the drift are measured with."""

from __future__ import annotations

from chs_ml.formula import Condition, Direction, Levels
from chs_ml.history.marginals import Category, Count
from chs_ml.history.worlds import ShapeName, Shift, Split, TrueMetric, World

PLANS = Category((("no", 0.8), ("yes", 0.2)))

_MATTERING: tuple[tuple[float, ShapeName, Direction], ...] = (
    (1.6, "straight", "positive"),
    (1.2, "saturating", "negative"),
    (0.9, "threshold", "positive"),
    (0.7, "straight", "negative"),
    (0.5, "saturating", "positive"),
    (0.4, "straight", "positive"),
    (0.3, "threshold", "negative"),
    (0.2, "straight", "positive"),
)


def coverage_world(customers: int = 5000, cutoffs: int = 2, effect: float = 0.7) -> World:
    """Return the world of the coverage study: 8 metrics that matter, 4 that do not, correlation 0.4, churn 17 %."""
    metrics = (*_mattering(), *_noise(4))
    return World(metrics, customers, cutoffs, churn=0.17, correlation=0.4, effect=effect)


def quiet_world(customers: int = 5000, metrics: int = 12) -> World:
    """Return a world in which nothing matters."""
    return World(_noise(metrics), customers, churn=0.17, correlation=0.4)


def hump_world(customers: int = 5000, weight: float = 1.5) -> World:
    """Return a world whose first metric is best in the middle, beside five ordinary ones."""
    hump = TrueMetric("hump", weight, "hump", "free")
    return World((hump, *_mattering()[:3], *_noise(2)), customers, churn=0.17, correlation=0.2)


def split_world(customers: int = 5000, weight: float = 2.0) -> World:
    """Return a world in which usage works the other way round for the fifth with more than 3 service calls."""
    usage = TrueMetric("usage", weight, split=Split(Condition("service_calls", above=3.0)))
    # P(more than 3) = 0.6 · (1 − 1/mean)³ = 0.2
    calls = TrueMetric("service_calls", 0.6, "straight", "negative", marginal=Count(zeros=0.4, mean=3.2612))
    return World((usage, calls, *_mattering()[2:6], *_noise(2)), customers, churn=0.17, correlation=0.2)


def telephone_world(customers: int = 4000) -> World:
    """Return a telephone company: who complains leaves when the bill is low, and a plan turns calls abroad round."""
    abroad = Split(Condition("plan_abroad", level="yes"), "negative", 3.0)
    complains = Split(Condition("service_calls", above=3.0), "positive", 3.5)
    metrics = (
        TrueMetric("day_minutes", 2.5, "straight", "negative", split=complains),
        TrueMetric("calls_abroad", 0.6, "straight", "positive", split=abroad),
        TrueMetric("service_calls", 0.8, "threshold", "negative", marginal=Count(zeros=0.4, mean=3.2612)),
        TrueMetric("plan_abroad", 0.8, Levels((("no", 1.0), ("yes", 0.0)), 0.5, 0.5), "free", marginal=PLANS),
        *_mattering()[3:6],
        *_noise(3),
    )
    return World(metrics, customers, churn=0.17, correlation=0.2)


def subscription_world(customers: int = 4000) -> World:
    """Return subscriptions in which what keeps a small team is not what keeps a large one."""
    small = Split(Condition("seats", above=9.0), "positive", 0.4)
    team = Split(Condition("seats", above=9.0), "positive", 3.5)
    metrics = (
        TrueMetric("logins", 3.0, "saturating", "positive", split=small),
        TrueMetric("features_used", 0.3, "straight", "positive", split=team),
        TrueMetric("seats", 0.6, "straight", "positive", marginal=Count(zeros=0.05, mean=7.0)),
        *_mattering()[2:6],
        *_noise(3),
    )
    return World(metrics, customers, churn=0.25, correlation=0.3)


def drifting_world(customers: int = 3000, cutoffs: int = 8) -> World:
    """Return a world that changes once, half-way: the first metric fades, the second doubles, more customers leave."""
    changed = Shift(-0.3, (("m1", 0.3), ("m2", 2.0)))
    drift = (Shift(),) * (cutoffs // 2) + (changed,) * (cutoffs - cutoffs // 2)
    metrics = (*_mattering()[:6], *_noise(2))
    return World(metrics, customers, cutoffs, churn=0.17, correlation=0.2, effect=0.7, drift=drift)


def _mattering() -> tuple[TrueMetric, ...]:
    return tuple(
        TrueMetric(f"m{at}", weight, shape, direction) for at, (weight, shape, direction) in enumerate(_MATTERING, 1)
    )


def _noise(count: int) -> tuple[TrueMetric, ...]:
    directions: tuple[Direction, Direction] = ("positive", "negative")
    return tuple(TrueMetric(f"noise{at}", direction=directions[at % 2]) for at in range(1, count + 1))
