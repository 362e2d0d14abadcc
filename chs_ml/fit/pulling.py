"""How strongly to pull towards the anchor, where nobody said: what is tried."""

from __future__ import annotations

from dataclasses import replace

from chs_ml.fit.fitting import Candidate, Sample

SHARES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0)
"""Strengths as shares of the rows, from the strongest to none.

With 17 % churn a row says about 0.012 of a curve's height (µ(1 - µ)/12), so that with a tenth of the rows the earlier
formula counts eight times as much as the new rows, and with a thousandth a twelfth.
"""


def pulls_of(sample: Sample, candidate: Candidate) -> tuple[Candidate, ...]:
    """Return the candidate with each strength of the anchor, the strongest first; itself alone without an anchor.

    Strengths are rounded to two digits, so that a person can write one into a spec.
    """
    if sample.anchor is None:
        return (candidate,)
    rows = float(sample.weight.sum())
    return tuple(replace(candidate, anchor=float(f"{share * rows:.2g}")) for share in SHARES)
