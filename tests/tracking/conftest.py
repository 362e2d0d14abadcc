"""A finished run directory made by hand, and one MLflow store made once and copied for each test."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term, WeightsFile

CYRILLIC = "входы за 30 дней"
FIGURES = {
    "rows": 300,
    "churn_rate": 0.2,
    "auc": 0.85,
    "log_loss": 0.41,
    "brier": 0.13,
    "calibration_slope": 1.02,
    "calibration_intercept": -0.01,
    "lift_top_decile": 2.9,
    "uncertainty": {"auc": {"standard_error": 0.01, "low": 0.83, "high": 0.87}, "brier": {"low": None, "high": None}},
}


def small_formula(weight: float = 0.4) -> Formula:
    curve = Curve((0.0, 5.0, 30.0), (0.0, 0.7, 1.0), 0.3)
    calls = Curve((0.0, 4.0), (1.0, 0.0), 0.5)
    plan = Levels((("Місячний", 0.0), ("Two year", 1.0)), 0.4, 0.5)
    many = Condition("calls", above=3.0)
    few = Condition("calls", above=3.0, holds=False)
    return Formula(
        terms=(
            Term(CYRILLIC, "usage", "positive", weight, curve),
            Term("calls", "support", "negative", 0.6 - weight, calls),
            Term("contract/type", "relationship", "free", 0.2, plan),
            Term("charges", "payment", "negative", 0.1, Curve((10.0, 90.0), (1.0, 0.0), 0.5), when=many, otherwise=0.5),
            Term("charges", "payment", "positive", 0.1, Curve((10.0, 90.0), (0.0, 1.0), 0.5), when=few, otherwise=0.5),
        ),
        link=Link(-1.0, 4.0),
        bands=(Band("healthy", "green", 70.0), Band("at risk", "yellow", 40.0), Band("unhealthy", "red", 0.0)),
        rules=(Rule(Condition("contract/type", level="Місячний"), "at risk", "policy"),),
        score_when=ScoreWhen(coverage=0.3),
    )


def evaluation() -> dict:
    return {
        "holdout": FIGURES,
        "baselines": {
            "equal_weights": {**FIGURES, "auc": 0.8, "minus_formula": {"auc": {"difference": -0.05}}},
            "logistic_regression": {**FIGURES, "auc": 0.84, "log_loss": float("inf")},
        },
        "bands": [
            {"name": "healthy", "customers": 150, "churned": 8, "churn_rate": 0.05, "low": 0.02, "high": 0.1},
            {"name": "at risk", "customers": 50, "churned": 12, "churn_rate": 0.24, "low": 0.1, "high": 0.4},
            {"name": "unhealthy", "customers": 100, "churned": 40, "churn_rate": 0.4, "low": 0.3, "high": 0.5},
        ],
        "data": {
            "rows": 1000,
            "customers": 990,
            "churned": 200,
            "digest": "d" * 64,
            "sources": [{"name": "/home/someone/secret-place/customers.csv", "rows": 1000, "sha256": "5" * 64}],
        },
        "cross_validation": {"pooled": FIGURES, "mean": {"auc": 0.846, "log_loss": 0.42}, "folds": []},
        "choices": {"ramps": 8, "strength": {"size": 1.0, "bend": 10.0}, "path": [[1, 0.42], [8, 0.41]]},
    }


def spec() -> dict:
    return {
        "name": "telco",
        "data": {"table": {"file": "customers.csv"}, "customer": "customerID"},
        "calibration": {"ramps": "auto", "seed": 7, "anchor": {"file": "/home/someone/secret-place/old.json"}},
        "validation": {"holdout": {"customers": 0.3}, "cross_validation": 5},
    }


def seal(directory: Path) -> None:
    """Write the manifest of what lies in the directory."""
    names = sorted(path for path in directory.rglob("*") if path.is_file() and path.name != "manifest.json")
    files = {path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in names}
    (directory / "manifest.json").write_text(json.dumps({"format": "chs-ml/run", "version": "1.0", "files": files}))


EVIDENCE = [
    {"metric": CYRILLIC, "when": None, "low": 0.31, "high": 0.49, "verdict": "clear"},
    {"metric": "calls", "when": None, "low": 0.15, "high": 0.25, "verdict": "clear"},
    {"metric": "charges", "when": {"metric": "calls", "above": 3.0, "holds": True}, "low": -0.02, "high": 0.12,
     "verdict": "weak"},
    {"metric": "contract/type", "when": None, "low": None, "high": None, "verdict": "contradicts its direction"},
]  # fmt: skip


def write_run(directory: Path, formula: Formula | None = None) -> Path:
    formula = formula or small_formula()
    training = {"spec_digest": "a" * 64, "data_digest": "b" * 64, "git_commit": "c" * 40, "package_version": "0.1.0"}
    training |= {"evidence": "usual", "left_out": [{"metric": "age", "why": "no evidence"}], "weightless": ["size"]}
    (directory / "figures").mkdir(parents=True)
    papers = {"evidence": EVIDENCE, "training": training}
    WeightsFile(formula, "telco", label="2026Q4", customer="customerID", **papers).save(directory / "weights.json")
    (directory / "weights.csv").write_text("term,weight\ncalls,0.2\n", encoding="utf-8")
    (directory / "evaluation.json").write_text(json.dumps(evaluation(), ensure_ascii=False), encoding="utf-8")
    (directory / "spec.yaml").write_text(yaml.safe_dump(spec(), allow_unicode=True), encoding="utf-8")
    (directory / "figures" / "curve.svg").write_text("<svg/>", encoding="utf-8")
    seal(directory)
    return directory


@pytest.fixture
def run_directory(tmp_path) -> Path:
    return write_run(tmp_path / "runs" / "telco")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """Making a store takes 20 seconds of migrations."""
    from chs_ml.tracking.store import mlflow_on

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    with mlflow_on(f"sqlite:///{file}", lambda _: None):
        pass
    return file


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    """An empty working directory, and no word of the surroundings about where MLflow is."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def store(work, empty_store) -> str:
    """The default store of the working directory; its address."""
    shutil.copyfile(empty_store, work / "mlflow.db")
    return f"sqlite:///{work / 'mlflow.db'}"
