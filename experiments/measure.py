"""Measure the experiments again and write what was found: ``experiments/*/results.md`` and the README's pictures.

Five folds (stratified, shuffled, seed 0), everything refitted in the fold: directions, strengths, curves. The rivals
run in the same folds. Run from the repository's root; the SaaS table is found through CHS_DATA (default:
../shared/data).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from chs_ml import HealthScoreClassifier, calibrate, load_spec
from chs_ml.evaluate import gradient_boosting, logistic_regression
from chs_ml.history.panel import Panel, load_panel

ROOT = Path(__file__).parent
PICTURES = ROOT.parent / "docs" / "images"


def main() -> None:
    """Measure every experiment that was named, or all."""
    for name in sys.argv[1:] or ["telco", "saas_csat"]:
        spec = load_spec(ROOT / name / "calibration.yaml")
        panel = load_panel(spec)
        directions = {metric.name: metric.direction for metric in spec.with_role("metric")}
        text = f"# {name}: as measured\n\n{described(panel)}\n\n{table(figures(panel, directions))}"
        text += f"\n{holdout(name)}\nWritten by `make golden`; seeds are fixed.\n"
        (ROOT / name / "results.md").write_text(text, encoding="utf-8")
        print(text)


def described(panel: Panel) -> str:
    """Say how large the table is, and how it was measured."""
    size = f"{panel.rows:,} customers, {np.nanmean(panel.churned):.1%} churned, {panel.metrics.shape[1]} metrics."
    return f"{size} Five folds, everything refitted in the fold; figures over all out-of-fold predictions."


def figures(panel: Panel, directions: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Return AUC and log-loss of each method on the same folds."""
    learned = {
        "this formula": HealthScoreClassifier(directions=directions),
        "this formula, one ramp": HealthScoreClassifier(directions=directions, ramps=1),
        "this formula, no signs": HealthScoreClassifier(directions="free"),
    }
    rivals = {"logistic regression": logistic_regression, "gradient boosting": gradient_boosting}
    churn = {name: np.zeros(panel.rows) for name in [*learned, *rivals]}
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for training, out in folds.split(panel.metrics, panel.churned):
        known, asked = panel.metrics.iloc[training], panel.metrics.iloc[out]
        outcome = panel.churned[training]
        for name, model in learned.items():
            churn[name][out] = model.fit(known, outcome).predict_proba(asked)[:, 1]
        for name, rival in rivals.items():
            churn[name][out] = rival(known, outcome, asked)
    return {name: (roc_auc_score(panel.churned, p), log_loss(panel.churned, p)) for name, p in churn.items()}


def table(found: dict[str, tuple[float, float]]) -> str:
    """Return the figures as a markdown table."""
    lines = [f"| {name} | {auc:.4f} | {loss:.4f} |" for name, (auc, loss) in found.items()]
    return "\n".join(["| | AUC | log-loss |", "|---|---|---|", *lines]) + "\n"


def holdout(name: str) -> str:
    """Calibrate as a user would, keep the pictures, and return the holdout's figures as markdown."""
    run = calibrate(ROOT / name / "calibration.yaml", Path("runs") / name, track=False)
    for picture in ("weights", "curves", "bands"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.directory / "figures" / f"{picture}.svg", PICTURES / f"{name}-{picture}.svg")
    held, bands = run.evaluation.holdout, run.evaluation.bands
    rows = pd.DataFrame([(b.name, b.customers, b.churn_rate, b.low, b.high) for b in bands])
    lines = [f"| {r[0]} | {r[1]:,} | {r[2]:.1%} | {r[3]:.1%} to {r[4]:.1%} |" for r in rows.itertuples(index=False)]
    figures = f"AUC {held.auc:.3f}, log-loss {held.log_loss:.4f}"
    said = f"On the {held.rows:,} customers that `make calibrate` holds out: {figures}."
    return "\n".join([said, "", "| band | customers | churned | 95 % interval |", "|---|---|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    main()
