"""From a number to a probability: the two-parameter logistic line, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from chs_ml.evaluate.outcomes import FloatArray, Outcomes

CLIP = 1e-12  # probabilities are kept this far from 0 and 1 before a logarithm is taken


@dataclass(frozen=True, slots=True)
class Link:
    """Churn_probability = σ(intercept + slope · x)."""

    intercept: float
    slope: float

    def probability(self, x: FloatArray) -> FloatArray:
        """Churn probability of each x."""
        return np.asarray(expit(self.intercept + self.slope * x), dtype=np.float64)


def fit_link(x: FloatArray, outcomes: Outcomes, ridge: float = 0.0) -> Link:
    """Logistic regression of churned on one number, by Newton's method on the standardised number.

    ``ridge`` keeps the slope finite on separated data; without it the caller makes sure that they are not
    (see ``separated``). Both classes must be there.
    """
    centre = outcomes.mean(x)
    scale = float(np.sqrt(outcomes.mean((x - centre) ** 2)))
    start = float(np.log(outcomes.rate / (1 - outcomes.rate)))
    if scale <= 1e-12 * max(1.0, abs(centre)):
        return Link(start, 0.0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    intercept, slope = _newton(design, outcomes, np.array([start, 0.0]), np.array([0.0, ridge]))
    return Link(float(intercept - slope * centre / scale), float(slope / scale))


def _newton(design: FloatArray, outcomes: Outcomes, beta: FloatArray, ridge: FloatArray) -> FloatArray:
    def loss(at: FloatArray) -> float:
        margin = design @ at
        fit = outcomes.weights @ (np.logaddexp(0.0, margin) - outcomes.churned * margin)
        return float(fit + 0.5 * ridge @ at**2)

    current = loss(beta)
    for _ in range(100):
        p = expit(design @ beta)
        gradient = design.T @ (outcomes.weights * (p - outcomes.churned)) + ridge * beta
        if np.abs(gradient).max() <= 1e-12 * outcomes.total:
            break
        hessian = (design.T * (outcomes.weights * p * (1 - p))) @ design + np.diag(ridge)
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        while loss(beta - step) > current and np.abs(step).max() > 1e-15:
            step /= 2
        beta = beta - step
        current = loss(beta)
    return beta


def separated(x: FloatArray, outcomes: Outcomes) -> bool:
    """True where some threshold on x parts churned from retained (a constant x included): no finite slope is best."""
    rows = outcomes.weights > 0
    churned, retained = x[rows & (outcomes.churned == 1)], x[rows & (outcomes.churned == 0)]
    return bool(churned.max() <= retained.min() or retained.max() <= churned.min())


def link_errors(link: Link, x: FloatArray, outcomes: Outcomes) -> FloatArray | None:
    """Standard errors of (intercept, slope): the sandwich of Huber and White, scores summed by customer."""
    return _sandwich(np.column_stack([np.ones(len(x)), x]), link.probability(x), outcomes)


def fit_shift(log_odds: FloatArray, outcomes: Outcomes) -> tuple[float, float | None]:
    """The constant to add to every log-odds so that as many churn as predicted, and its standard error."""
    from scipy.optimize import brentq  # half a second to import

    def excess(shift: float) -> float:
        return float(outcomes.weights @ (expit(log_odds + shift) - outcomes.churned))

    shift = float(brentq(excess, -100.0, 100.0, xtol=1e-13))
    errors = _sandwich(np.ones((len(log_odds), 1)), expit(log_odds + shift), outcomes)
    return shift, None if errors is None else float(errors[0])


def _sandwich(design: FloatArray, p: FloatArray, outcomes: Outcomes) -> FloatArray | None:
    widening = outcomes.widening()
    if widening is None:
        return None
    bread = np.linalg.pinv((design.T * (outcomes.weights * p * (1 - p))) @ design)
    residual = outcomes.weights * (outcomes.churned - p)
    scores = np.column_stack([outcomes.by_customer(residual * part) for part in design.T])
    return np.asarray(widening * np.sqrt(np.diag(bread @ (scores.T @ scores) @ bread)), dtype=np.float64)


def logit(p: FloatArray) -> FloatArray:
    """Log-odds, with p kept within 1e-12 of 0 and 1."""
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float64)
