"""Claim: the closed form's widths are those of a clustered bootstrap of the companion, on Telco, within 15 %.

Beside it, how often the whole procedure keeps each metric when customers are drawn again. Prints markdown; kept in
benchmarks/results/bootstrap.md. Wants experiments/telco/customers.csv (experiments/telco/fetch.py).
Run: python benchmarks/bench_bootstrap.py [draws of the companion, 400] [draws of the procedure, 100]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np

from chs_ml.calibration.rows import plans_of, sample_of, settings_of
from chs_ml.fit.evidence.bootstrap import standard_errors, staying
from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.learning import learn
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec

ROOT = Path(__file__).parents[1]
KEPT, FULL = ROOT / "benchmarks" / "results" / "bootstrap.md", 400


def main() -> None:
    """Print both tables, and keep a full run."""
    draws, procedures = (int(word) for word in (sys.argv[1:] + ["400", "100"][len(sys.argv) - 1 :])[:2])
    spec = load_spec(ROOT / "experiments" / "telco" / "calibration.yaml")
    sample, plans, settings = sample_of(load_panel(spec).known(), spec), plans_of(spec), settings_of(spec)
    learned = learn(sample, plans, settings)
    kept = sample.of(learned.choice.plans)
    companion = companion_of(kept, learned.fitted.basis, learned.fitted.solution.beta)
    contrasts = contrasts_of(companion, signs_of(learned.fitted))
    errors = standard_errors(kept, companion, contrasts, draws)
    often = staying(sample, plans, settings, procedures)
    verdicts = {term.metric: term.verdict for term in learned.inference.terms}
    closed = {contrast.metric: contrast.standard_error for contrast in contrasts}
    drawn = {contrast.metric: float(error) for contrast, error in zip(contrasts, errors, strict=True)}
    lines = [
        "# The closed form against a bootstrap of whole customers, Telco",
        "",
        f"`python benchmarks/bench_bootstrap.py {draws} {procedures}`, part of `make bench`; {sample.table.rows} rows.",
        "",
        f"| metric | verdict | error, closed form | error, bootstrap | ratio | kept, of {procedures} draws |",
        "|---|---|---|---|---|---|",
    ]
    for plan in plans:
        name, there = plan.name, plan.name in closed
        widths = (
            [f"{closed[name]:.3f}", f"{drawn[name]:.3f}", f"{closed[name] / drawn[name]:.3f}"] if there else [""] * 3
        )
        lines.append(f"| {name} | {verdicts.get(name, 'left')} | {' | '.join(widths)} | {often[name]:.0%} |")
    ratios = np.array([closed[name] / drawn[name] for name in closed])
    lines += [
        "",
        f"Standard errors of contrasts; ratios from {ratios.min():.3f} to {ratios.max():.3f}. Its own error "
        f"is ± {1 / np.sqrt(2 * draws):.0%}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if draws >= FULL:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
