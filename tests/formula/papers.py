"""The weights file that uses every feature of the format: what ``files/first.json`` was written from."""

from __future__ import annotations

from chs_ml.formula import (
    Band,
    Condition,
    Curve,
    Formula,
    Levels,
    Link,
    Origin,
    Rule,
    ScoreWhen,
    Term,
    WeightsFile,
)


def first_formula():
    many = Condition("service_calls", above=3.0)
    web = Condition("device", level="Сайт")
    terms = (
        Term("nps", "satisfaction", "positive", 0.25, Curve((0.0, 6.5, 10.0), (0.0, 0.4, 1.0), 0.5)),
        Term("day_charge", "usage", "negative", 0.2, Curve((10.0, 30.5, 60.0), (1.0, 0.75, 0.0), 0.6), when=many,
             otherwise=0.125, missing_learned=True),
        Term("day_charge", "usage", "free", 0.1, Curve((10.0, 60.0), (0.0, 1.0), 0.4), when=Condition(
            "service_calls", above=3.0, holds=False), otherwise=0.875),
        Term("logins_30d", "engagement", "free", 0.15, Curve((0.0, 1.0, 20.0, 400.0), (0.0, 0.3, 1.0, 0.8), 0.0),
             Origin("pinned", "Оксана Коваль", "agreed in the review of 2026Q1"), web, 0.5),
        Term("Contract", "payment", "free", 0.3,
             Levels((("Month-to-month", 0.0), ("Рік", 0.65), ("2.0", 1.0)), 0.3, 0.45), Origin("written"),
             missing_learned=True),
    )  # fmt: skip
    bands = (Band("healthy", "green", 70.0), Band("at risk", "#f9a825", 42.5), Band("unhealthy", "red", 0.0))
    rules = (
        Rule(Condition("days_overdue", above=90.0), "unhealthy", "finance policy"),
        Rule(Condition("service_calls", above=-1.0, holds=False), "at risk", ""),
    )
    return Formula(terms, Link(-1.75, 5.5), bands, rules, ScoreWhen(0.6, (("tenure", 30.0),)))


def first_file():
    return WeightsFile(
        first_formula(),
        "telco",
        label="Квартал 2026Q4",
        owner="Customer Success",
        created="2026-10-01T09:30:00+03:00",
        customer="customer_id",
        metrics={
            "nps": {"label": "NPS «з опитування»", "unit": "points", "definition": None, "observed": [0.0, 10.0],
                    "missing_share": 0.125, "scale": "nps"},
            "left_out": {"label": None, "unit": None, "definition": "dropped: no evidence", "observed": None,
                         "missing_share": None},
        },
        evidence=[{"metric": "nps", "when": None, "low": 0.21, "high": 0.29, "verdict": "clear", "impact": 0.81}],
        training={"rows": 7043, "seed": 0, "ramps": 8, "spec": {"name": "telco", "notes": ["ї", 1e-7, None, True]}},
        reference={"nps": {"edges": [0, 5, 10], "shares": [0.5, 0.5]}},
    )  # fmt: skip
