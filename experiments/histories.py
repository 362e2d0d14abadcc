"""Measure the experiments on raw history again: ``experiments/{saas,cdnow,ravenstack}/results.md``.

Each is calibrated as a user would, and figures are of its holdout. On CDNOW a logistic regression on recency, frequency
and money runs on the same rows. Run from the repository's root, `python experiments/histories.py [name …]`; tables are
found through CHS_DATA (default: ../shared/data), or made.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chs_ml import calibrate, load_spec
from chs_ml.calibration import Calibration
from chs_ml.calibration.checks import examine
from chs_ml.calibration.rows import split
from chs_ml.explain.sureness import nothing_is_evident, sureness_of
from chs_ml.history.panel import load_panel

ROOT = Path(__file__).parent
RFM = ("days_since_purchase", "purchases", "dollars_mean")


def main() -> None:
    """Measure every experiment that was named, or all."""
    for name in sys.argv[1:] or ["saas", "cdnow", "ravenstack"]:
        runpy.run_path(str(ROOT / name / "prepare.py"), run_name="__main__")
        run = calibrate(ROOT / name / "calibration.yaml", Path("runs") / name, track=False)
        text = "\n".join([f"# {name}: as measured", "", *told(name, run), ""])
        (ROOT / name / "results.md").write_text(text, encoding="utf-8")
        print(text)


def told(name: str, run: Calibration) -> Iterator[str]:
    """Give the lines of the page."""
    held, data = run.evaluation.holdout, run.evaluation.data
    rate = data["churned"] / data["rows"]
    yield f"{data['rows']:,} rows of {data['customers']:,} customers, {rate:.1%} churned; {held.rows:,} rows held out."
    yield from ("", "| on the rows held out | AUC | log-loss |", "|---|---|---|")
    around = held.uncertainty["auc"]
    yield f"| this formula | {held.auc:.4f} ({around.low:.3f} to {around.high:.3f}) | {held.log_loss:.4f} |"
    for other, found in run.evaluation.baselines.items():
        yield f"| {other.replace('_', ' ')} | {found.figures.auc:.4f} | {found.figures.log_loss:.4f} |"
    if name == "cdnow":
        yield rfm()
    yield from ("", "| metric | weight | verdict |", "|---|---:|---|")
    sure = sureness_of(run.weights)
    for term in sorted(run.formula.terms, key=lambda term: -term.weight):
        yield f"| {term.key.replace('|', 'when')} | {term.weight:.1%} | {sure[term.key].verdict} |"
    if nothing_is_evident(run.weights):
        yield from ("", "No metric has evidence that it tells who leaves from who stays.")
    yield from ("", "What `chs-ml check` says of the history:", "")
    for finding in examine(load_spec(ROOT / name / "calibration.yaml")).findings:
        yield f"- {finding.severity} `{finding.code}`: {finding.evidence}."
    yield from ("", "Written by `make golden`; seeds are fixed.")


def rfm() -> str:
    """Return the figures of recency, frequency and money, each as it is and as its logarithm."""
    spec = load_spec(ROOT / "cdnow" / "calibration.yaml")
    parts = split(load_panel(spec).known(), spec)
    frames = [part.metrics[list(RFM)].to_numpy() for part in (parts.training, parts.holdout)]
    known, asked = (np.hstack([frame, np.log1p(frame)]) for frame in frames)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, max_iter=1000))
    p = model.fit(known, parts.training.churned).predict_proba(asked)[:, 1]
    left = parts.holdout.churned
    return f"| recency, frequency, money | {roc_auc_score(left, p):.4f} | {log_loss(left, p):.4f} |"


if __name__ == "__main__":
    main()
