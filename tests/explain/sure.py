"""A weights file that says of each weight how sure it is, as a calibration writes it."""

from __future__ import annotations

from chs_ml.formula import Condition, Curve, Formula, Levels, Link, Origin, Term, WeightsFile

MANY = Condition("calls", above=3.0)
EVIDENCE = [
    {"metric": "tenure", "when": None, "low": 0.3, "high": 0.5, "verdict": "clear", "together_with": ["age"],
     "impact": {"words": "much", "start": "0", "end": "60 months", "odds_ratio": 0.15, "churn_from": 0.4,
                "churn_to": 0.09, "average_change": -0.27, "per_unit": None, "steps": []},
     "alone": {"odds_ratio": 2.8, "low": 2.4, "high": 3.3}, "moves": 4.2},
    {"metric": "calls", "when": None, "low": 0.05, "high": 0.15, "verdict": "weak", "outside": True},
    {"metric": "plan", "when": None, "low": None, "high": None, "verdict": "not enough evidence"},
    {"metric": "charge", "when": {"metric": "calls", "above": 3.0, "holds": True}, "low": -0.05, "high": 0.2,
     "verdict": "contradicts its direction"},
]  # fmt: skip
TRAINING = {
    "left_out": [
        {"metric": "region", "why": "no evidence", "verdict": "not enough evidence", "z": 0.4, "p": 0.6,
         "contrast": {"value": 0.01, "low": -0.1, "high": 0.2}, "together_with": []},
        {"metric": "age", "why": "same information", "verdict": "weak", "contrast": None, "together_with": ["tenure"]},
        {"metric": "partner", "why": "no evidence", "verdict": "not enough evidence", "together_with": []},
    ],
    "weightless": ["shoe_size"],
    "intervals": None,
    "evidence": "usual",
    "doubts": ["metric 'plan': level 'daily' (4 rows) is read as other"],
}  # fmt: skip


def sure_file() -> WeightsFile:
    terms = (
        Term("tenure", "relationship", "positive", 0.4, Curve((0.0, 12.0, 60.0), (0.0, 0.5, 1.0), 0.25)),
        Term("calls", "support", "negative", 0.2, Curve((0.0, 5.0), (1.0, 0.0), 0.5)),
        Term("plan", "relationship", "free", 0.2, Levels((("monthly", 0.0), ("yearly", 1.0)), 0.5, 0.5),
             Origin("pinned", "Oksana", "agreed in the review")),
        Term("charge", "payment", "negative", 0.2, Curve((10.0, 90.0), (1.0, 0.0), 0.5), when=MANY, otherwise=0.5),
    )  # fmt: skip
    metrics = {"tenure": {"label": "Time with us"}, "region": {"label": "Region"}, "age": {"label": "Age"}}
    return WeightsFile(Formula(terms, Link(-1.0, 5.0)), "sure", evidence=EVIDENCE, metrics=metrics, training=TRAINING)
