"""Claim: a few readable splits close most of the gap to boosting, and hardly any is found where there is none.

The search costs at most five times the fit.

Five folds (stratified, seed 0), everything inside the fold, the search too; boosting and the formula without splits in
the same folds. Then simulated panels with the whole default procedure: without interactions, and with one planted (a
curve turned round for the fifth with more than 3 service calls). Then the time of a round of the search at 300,000 rows
x 30 metrics x 8 ramps, beside the fit from the same columns.

Run: python benchmarks/bench_splits.py [panels] [processes]; tables through CHS_DATA (default ../shared/data).
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_fit import curves
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from chs_ml.evaluate import gradient_boosting
from chs_ml.fit.estimator import HealthScoreClassifier
from chs_ml.fit.fitting import Candidate, Sample, fit
from chs_ml.fit.folds import folds_of
from chs_ml.fit.learning import learn
from chs_ml.fit.selection import Settings
from chs_ml.fit.splits.growing import Wanted, grown
from chs_ml.fit.table import MetricPlan, Table, read_table
from chs_ml.fit.trial import Trial
from chs_ml.history.known_worlds import coverage_world, split_world, subscription_world, telephone_world
from chs_ml.history.simulate import simulate
from chs_ml.history.worlds import World

DATA = Path(os.environ.get("CHS_DATA", "../shared/data"))


def main() -> None:
    """Print every table."""
    panels = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    print("## Five folds: log-loss, and the gap to boosting that is closed\n")
    print("| table | additive | with splits | boosting | gap closed | splits in each fold |")
    print("|---|---|---|---|---|---|")
    for name, (table, churned) in tables().items():
        five_fold(name, table, churned)
    print(f"\n## Simulated panels, {panels} of each, the whole default procedure\n")
    print("| world | any split | the planted one, within a knot | more than one |")
    print("|---|---|---|---|")
    for name, world in {
        "5,000 customers x 1, no interactions": coverage_world(5_000, 1, 0.0),
        "2,500 customers x 2, customer effect 0.7, no interactions": coverage_world(2_500, 2, 0.7),
        "5,000 customers, one curve turned round for a fifth": split_world(5_000),
    }.items():
        found = panels_of(world, panels, processes)
        any_, several = (share([len(splits) > least for splits in found]) for least in (0, 1))
        planted = share([any(map(is_planted, splits)) for splits in found]) if "turned" in name else ""
        print(f"| {name} | {any_} | {planted} | {several} |", flush=True)
    print("\n## A round of the search beside the fit, 300,000 rows x 30 metrics x 8 ramps, CPU seconds\n")
    speed()


def tables() -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
    """Return the public tables that are there, and the simulated ones."""
    found = {}
    if (DATA / "pysurvival_saas_churn").exists():
        saas = pd.read_csv(DATA / "pysurvival_saas_churn" / "churn.csv")
        found["SaaS with CSAT"] = saas.drop(columns=["months_active", "churned"]), saas["churned"].to_numpy(int)
        telco = pd.read_csv(DATA / "telco_ibm" / "Telco-Customer-Churn.csv")
        telco["TotalCharges"] = pd.to_numeric(telco["TotalCharges"], errors="coerce")
        found["Telco"] = telco.drop(columns=["customerID", "Churn"]), (telco["Churn"] == "Yes").to_numpy(int)
    for name, world in (
        ("telephone (simulated)", telephone_world()),
        ("subscriptions (simulated)", subscription_world()),
    ):
        panel = simulate(world).panel
        found[name] = panel.metrics, panel.churned.astype(int)
    return found


def five_fold(name: str, table: pd.DataFrame, churned: np.ndarray) -> None:
    """Print one line of the first table."""
    models: dict[str, Callable[[], Any]] = {
        "additive": partial(HealthScoreClassifier, splits=0),
        "splits": HealthScoreClassifier,
    }
    churn = {which: np.zeros(len(churned)) for which in [*models, "boosting"]}
    told = []
    for rest, out in StratifiedKFold(5, shuffle=True, random_state=0).split(table, churned):
        for which, model in models.items():
            fitted = model().fit(table.iloc[rest], churned[rest])
            churn[which][out] = fitted.predict_proba(table.iloc[out])[:, 1]
        told.append("; ".join(f"{one.metric} by {one.when}" for one in fitted.learned_.choice.splits) or "none")
        churn["boosting"][out] = gradient_boosting(table.iloc[rest], churned[rest], table.iloc[out])
    loss = {which: log_loss(churned, p) for which, p in churn.items()}
    gap = loss["additive"] - loss["boosting"]
    closed = f"{(loss['additive'] - loss['splits']) / gap:.0%}" if gap > 0 else "no gap"
    figures = " | ".join(f"{loss[which]:.4f}" for which in churn)
    print(f"| {name} | {figures} | {closed} | {' · '.join(told)} |", flush=True)


def panels_of(world: World, panels: int, processes: int) -> list[list[Any]]:
    """Return the splits of each panel."""
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return list(pool.map(partial(splits_of, world), range(5_000, 5_000 + panels), chunksize=4))


def splits_of(world: World, seed: int) -> list[Any]:
    """Return (metric, condition) of each split that is kept on one panel; directions are the data's to find."""
    panel = simulate(world, seed).panel
    plans = [MetricPlan(metric.name) for metric in world.metrics]
    sample = Sample(read_table(panel.metrics, plans), 1.0 - panel.churned, np.ones(panel.rows), panel.customer)
    return [(split.metric, split.when) for split in learn(sample, plans, Settings()).choice.splits]


def is_planted(split: Any) -> bool:
    """Return whether it is the one that the world has, its condition within a knot: every count is one."""
    metric, when = split
    return metric == "usage" and when.metric == "service_calls" and when.above in (2, 3, 4)


def share(which: list[bool]) -> str:
    """Return '2.5 % (1.1 to 5.7)': Wilson's interval."""
    n, p, z = len(which), float(np.mean(which)), 1.96
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return f"{p:.1%} ({low:.1%} to {high:.1%})"


def speed(rows: int = 300_000) -> None:
    """Print what a round costs that finds nothing, and one that finds a split."""
    problem, draw = curves(rows), np.random.default_rng(1)
    where = problem.columns[5] > np.quantile(problem.columns[5], 0.8)
    low = problem.columns[3] < np.median(problem.columns[3])
    turned = np.where(where & (draw.random(rows) < 0.5), low, problem.retained).astype(np.float64)
    candidate, plans, groups = Candidate(8, 1.0), problem.plans, np.arange(rows)
    fold = folds_of(groups, 0, 5)
    print("| what | seconds | times the fit |")
    print("|---|---|---|")
    for name, retained in (("a round that finds nothing", problem.retained), ("a round that keeps a split", turned)):
        sample = Sample(Table(problem.table.columns), retained, np.ones(rows), groups)
        whole = min(cpu(lambda sample=sample: fit(sample, plans, candidate, tolerance=1e-6)) for _ in range(2))
        trial = Trial(sample, fold, 5)
        round_ = cpu(lambda trial=trial: grown(trial, plans, candidate, Wanted(1))) - whole  # which begins with the fit
        print(f"| fit | {whole:.2f} | |")
        print(f"| {name} | {round_:.2f} | {round_ / whole:.1f} |")


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
