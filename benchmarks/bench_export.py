"""Claim: the exported SQL scores a table in DuckDB faster than scikit-learn's usual pipeline, reasons included.

One million customers: Telco's rows over and over where CHS_DATA has them (each number moved a little), else simulated.
From Parquet to Parquet, with all columns: score, probability, bands, coverage, three reasons. The pipeline (scaled
numbers, one-hot levels, logistic regression) gives its probability alone. The query is run a second time for score
and probability only, as the pipeline is. One process each after another, median of three; seconds and CPU seconds.

Run: python benchmarks/bench_export.py [rows]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chs_ml.cli.reading import Columns
from chs_ml.cli.scoring import score_table
from chs_ml.export import Options, export
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, ScoreWhen, Term, WeightsFile

KEY, REPEATS = "customerID", 3
TELCO = Path("telco_ibm") / "Telco-Customer-Churn.csv"
Seconds = tuple[float, float]


def main(rows: int) -> None:
    """Print the medians and the ratios, and how far the scores lie apart."""
    source, frame, churned = table_of(rows)
    numbers = [name for name in frame if name != KEY and pd.api.types.is_numeric_dtype(frame[name])]
    levels = [name for name in frame if name not in {KEY, *numbers}]
    weights, rival = weights_of(frame, numbers, levels), pipeline_of(frame, churned, numbers, levels)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        frame.to_parquet(home / "customers.parquet", index=False)
        found = {name: timed(work) for name, work in contenders(home, weights, rival).items()}
        worst = apart(home)
    print(f"{rows:,} customers ({source}), {len(numbers)} numbers and {len(levels)} levels, "
          f"{len(weights.formula.terms)} terms; {os.cpu_count()} cores; DuckDB {duckdb.__version__}\n")  # fmt: skip
    print("| | seconds | CPU seconds | rows a second | times as fast as scikit-learn | in CPU time |")
    print("|---|---:|---:|---:|---:|---:|")
    seconds, busy = found["scikit-learn: probability"]
    for name, (wall, cpu) in found.items():
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {rows / wall:,.0f} | {seconds / wall:.1f} | {busy / cpu:.1f} |")
    print(f"\nLargest difference of a score between the query and `chs-ml score`: {worst:.1g}.")


def table_of(rows: int) -> tuple[str, pd.DataFrame, np.ndarray]:
    """Return where it is from, the metrics with the key, and who churned."""
    draw = np.random.default_rng(0)
    file = Path(os.environ.get("CHS_DATA", "../shared/data")) / TELCO
    if file.is_file():
        telco = pd.read_csv(file)
        telco["TotalCharges"] = pd.to_numeric(telco["TotalCharges"], errors="coerce")
        telco["SeniorCitizen"] = telco["SeniorCitizen"].astype(str)
        frame = telco.iloc[np.arange(rows) % len(telco)].reset_index(drop=True)
        churned = (frame.pop("Churn") == "Yes").to_numpy()
        for name in ("tenure", "MonthlyCharges", "TotalCharges"):
            frame[name] = frame[name] + draw.random(rows)
        source = "Telco"
    else:
        words = np.array(["No", "Yes", "No internet service", "Month-to-month"], dtype=object)
        frame = pd.DataFrame({KEY: "", **{f"number {at}": draw.gamma(2.0, 20.0, rows) for at in range(3)}})
        for at in range(16):
            frame[f"level {at}"] = words[draw.integers(0, 2 + at % 3, rows)]
        churned, source = draw.random(rows) < 0.3, "simulated"
    frame[KEY] = [f"c{at:07d}" for at in range(rows)]
    return source, frame, churned


def weights_of(frame: pd.DataFrame, numbers: list[str], levels: list[str]) -> WeightsFile:
    """Return a formula of eight ramps a number, a split, bands, a floor on what is known, and averages for reasons."""
    shapes: dict[str, Curve | Levels] = {}
    for name in numbers:
        knots = np.unique(np.nanquantile(frame[name], np.linspace(0.01, 0.99, 9)))
        shapes[name] = Curve(tuple(knots.tolist()), tuple(np.linspace(0.0, 1.0, len(knots)).tolist()), 0.5)
    for name in levels:
        names = sorted(frame[name].dropna().unique())
        shapes[name] = Levels(tuple((one, at / len(names)) for at, one in enumerate(names)), 0.5, 0.5)
    split = [Condition(levels[0], level=shapes[levels[0]].names[0], holds=holds) for holds in (True, False)]
    share = 1.0 / (len(shapes) + 1)
    terms = [Term(numbers[0], "usage", "free", share, shapes[numbers[0]], when=when, otherwise=0.3) for when in split]
    terms += [Term(name, "usage", "free", share, shapes[name]) for name in [*numbers[1:], *levels]]
    bands = (Band("healthy", "green", 60.0), Band("at risk", "yellow", 40.0), Band("unhealthy", "red", 0.0))
    formula = Formula(tuple(terms), Link(-2.0, 6.0), bands, (), ScoreWhen(0.6))
    head = {name: frame[name].head(10_000) for name in shapes}
    mean = {term.key: float(term.health(head).mean()) for term in terms}
    return WeightsFile(formula, "bench", customer=KEY, reference={"mean_health": mean})


def pipeline_of(frame: pd.DataFrame, churned: np.ndarray, numbers: list[str], levels: list[str]) -> Pipeline:
    """Return the rival, fitted on the first 20,000 rows."""
    encode = ColumnTransformer(
        [("n", StandardScaler(), numbers), ("c", OneHotEncoder(handle_unknown="ignore"), levels)]
    )
    head = frame.head(20_000).fillna({name: 0.0 for name in numbers})
    return make_pipeline(encode, LogisticRegression(max_iter=500)).fit(head, churned[:20_000])


def contenders(home: Path, weights: WeightsFile, rival: Pipeline) -> dict[str, Callable[[], Any]]:
    """Return each way from ``customers.parquet`` to a file of its own."""
    table = home / "customers.parquet"
    text = str(export(weights, "sql", Options(table="customers")))

    def by_sql(columns: str, out: str) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"CREATE VIEW customers AS FROM '{table}'")
            connection.execute(f"COPY (SELECT {columns} FROM ({text})) TO '{home / out}' (FORMAT parquet)")  # noqa: S608

    def by_pipeline() -> None:
        frame = pd.read_parquet(table)
        filled = frame.fillna({name: 0.0 for name in frame.select_dtypes("number")})
        chances = rival.predict_proba(filled)[:, 1]
        pd.DataFrame({KEY: frame[KEY], "churn_probability": chances}).to_parquet(home / "rival.parquet", index=False)

    return {
        "scikit-learn: probability": by_pipeline,
        "the query: score and probability": lambda: by_sql("customer, score, churn_probability", "short.parquet"),
        "the query: all columns, three reasons": lambda: by_sql("*", "query.parquet"),
        "`chs-ml score`: all columns": lambda: score_table(
            weights, table, home / "score.parquet", Columns(), date(2026, 1, 1)
        ),
    }


def timed(work: Callable[[], Any]) -> Seconds:
    """Return the medians of seconds and of CPU seconds, all threads together."""
    told = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        told.append((time.perf_counter() - wall, time.process_time() - cpu))
    return statistics.median(wall for wall, _ in told), statistics.median(cpu for _, cpu in told)


def apart(home: Path) -> float:
    """Return the largest difference of a score, which must be none; texts must be equal."""
    texts = ("band", "band_by_score", "reason_1", "reason_2", "reason_3")
    differ = " OR ".join(f"one.{name} <> two.{name}" for name in texts)
    both = f"'{home / 'query.parquet'}' AS one JOIN '{home / 'score.parquet'}' AS two USING (customer)"
    question = f"SELECT max(abs(one.score - two.score)), count_if({differ}) FROM {both}"  # noqa: S608
    [(worst, others)] = duckdb.sql(question).fetchall()
    if worst > 1e-9 or others:
        sys.exit(f"bench_export: scores {worst} apart, texts of {others} customers differ")
    return float(worst)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
