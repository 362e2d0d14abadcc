"""Claim: scoring one million customers is no slower than scikit-learn's usual pipeline on the same frame.

CPU seconds of ``Formula.read`` (score, probability, coverage, bands) against ``predict_proba`` of
StandardScaler + OneHotEncoder + LogisticRegression, one process, alternating, median of three repeats.
Run: python benchmarks/bench_score.py [rows]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term

NUMBERS = [f"number_{i}" for i in range(5)]
TEXTS = [f"text_{i}" for i in range(14)]
LEVELS = ["No", "Yes", "No internet service", "Month-to-month"]
REPEATS = 3


def frame_of(rows: int) -> pd.DataFrame:
    """Return 19 metrics shaped like Telco's: five numbers, fourteen short texts of two to four levels."""
    draw = np.random.default_rng(0)
    columns: dict[str, Any] = {name: draw.gamma(2.0, 20.0, rows) for name in NUMBERS}
    for i, name in enumerate(TEXTS):
        columns[name] = pd.array(np.array(LEVELS, dtype=object)[draw.integers(0, 2 + i % 3, rows)], dtype="str")
    return pd.DataFrame(columns)


def formula_of() -> Formula:
    """Return a formula of eight ramps a number, a split, bands, a rule and a floor."""
    weight = 1.0 / (len(NUMBERS) + len(TEXTS) + 1)
    knots = tuple(float(x) for x in np.linspace(2.0, 120.0, 9))
    curve = Curve(knots, tuple(float(v) for v in np.linspace(0.0, 1.0, 9) ** 2), 0.4)
    table = Levels(tuple((level, value) for level, value in zip(LEVELS, (0.0, 1.0, 0.5, 0.2), strict=True)), 0.4, 0.4)
    split = [Condition("text_0", level="Yes", holds=holds) for holds in (True, False)]
    terms = [Term(NUMBERS[0], "usage", "positive", weight, curve, when=when, otherwise=0.3) for when in split]
    terms += [Term(name, "usage", "positive", weight, curve) for name in NUMBERS[1:]]
    terms += [Term(name, "payment", "free", weight, table) for name in TEXTS]
    bands = (Band("healthy", "green", 60.0), Band("at risk", "yellow", 40.0), Band("unhealthy", "red", 0.0))
    rules = (Rule(Condition(NUMBERS[1], above=150.0), "unhealthy", "policy"),)
    return Formula(tuple(terms), Link(-2.0, 6.0), bands, rules, ScoreWhen(0.6, ((NUMBERS[2], 1.0),)))


def pipeline_of(frame: pd.DataFrame) -> Pipeline:
    """Return the rival, fitted on the first 20,000 rows."""
    encode = ColumnTransformer([("n", StandardScaler(), NUMBERS), ("c", OneHotEncoder(handle_unknown="ignore"), TEXTS)])
    head = frame.head(20_000)
    churned = np.random.default_rng(1).random(len(head)) < 0.3
    return make_pipeline(encode, LogisticRegression(max_iter=500)).fit(head, churned)


def cpu_seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of one call, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(rows: int) -> None:
    """Print the medians and the ratios."""
    frame, formula = frame_of(rows), formula_of()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    rival = pipeline_of(frame)
    contenders: dict[str, Callable[[], Any]] = {
        "scikit-learn predict_proba, pandas": lambda: rival.predict_proba(frame),
        "Formula.read, pandas": lambda: formula.read(frame),
        "Formula.read, pyarrow": lambda: formula.read(table),
        "Formula.score, pandas": lambda: formula.score(frame),
        "Formula.score, pyarrow": lambda: formula.score(table),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(REPEATS):
        for name, work in contenders.items():
            seconds[name].append(cpu_seconds(work))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    reference = next(iter(medians.values()))
    print(f"{rows:,} rows x {frame.shape[1]} metrics; CPU seconds, median of {REPEATS}; x: times less than the first")
    for name, median in medians.items():
        print(f"{name:<36}{median:8.2f} s {reference / median:7.1f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
