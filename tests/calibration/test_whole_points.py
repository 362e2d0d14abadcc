"""Whole points of a calibration: measured on customers held out, and kept in the weights file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from chs_ml.calibration import whole_points
from chs_ml.calibration.draft import draft
from chs_ml.calibration.rows import plans_of, sample_of, settings_of, split
from chs_ml.calibration.whole_points import points_judged, points_paper
from chs_ml.fit.learning import learn
from chs_ml.formula.points_card import PointsCard
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
LOST = {"auc", "log_loss", "auc_lost", "log_loss_lost", "largest_change", "customers", "change_band"}


def test_the_weights_file_keeps_the_card_of_its_own_formula(done):
    card = PointsCard.from_dict(done.weights.reference["whole_points"])
    assert card.total == 100
    keys = {term.key for term in done.formula.terms}
    assert {term.key for term in card.terms} | set(card.left_out) == keys
    assert [band.name for band in card.bands] == [band.name for band in done.formula.bands]
    assert card.losses.outcomes


def test_the_evaluation_says_what_is_lost_on_the_holdout(done):
    measured = done.evaluation.as_dict()["whole_points"]
    assert [line["total"] for line in measured] == [100, 10]
    for line in measured:
        assert set(line) == LOST | {"total", "lines", "plain_rounding"}
        assert set(line["plain_rounding"]) == LOST
        assert line["customers"] == done.evaluation.holdout.rows
        assert line["auc"] == pytest.approx(done.evaluation.holdout.auc - line["auc_lost"]["difference"])
        assert line["auc_lost"]["low"] <= line["auc_lost"]["difference"] <= line["auc_lost"]["high"]


def test_a_card_that_is_too_large_is_left_out_and_the_file_says_so(monkeypatch, tmp_path):
    trial, _, spec = tried(load_spec(tiny_spec(tmp_path)))
    monkeypatch.setattr(whole_points, "LARGEST_CARD", 100)
    assert "bytes, over 100: left out" in points_paper(trial, spec)["note"]


def tiny_spec(folder):
    from tests import tiny

    return tiny.write(folder)


def tried(spec):
    """Return the trial formula, the holdout and the spec of a calibration."""
    parts = split(load_panel(spec).known(), spec)
    learned = learn(sample_of(parts.training, spec), plans_of(spec), settings_of(spec), lambda *step: None)
    return draft(learned, parts.training, spec), parts.holdout, spec


def experiment(name, chs_data, folder, monkeypatch):
    """Return the experiment's spec, its table taken from the shared ones."""
    monkeypatch.setenv("CHS_DATA", str(chs_data))
    path = shutil.copy(EXPERIMENTS / name / "calibration.yaml", folder)
    if name == "telco":
        shutil.copy(chs_data / "telco_ibm" / "Telco-Customer-Churn.csv", folder / "customers.csv")
    return load_spec(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["telco", "saas_csat"])
def test_a_hundred_points_lose_little(name, chs_data, tmp_path, monkeypatch):
    """Measured over six holdouts, AUC lost at 100 in ten thousandths: Telco 3 (plain rounding 1 ± 3), SaaS 9 (13 ± 8).

    Plain rounding is that of the whole formula, every curve at every value; on Telco the two cannot be told apart.
    """
    spec, lost, plain, ten = experiment(name, chs_data, tmp_path, monkeypatch), [], [], []
    for seed in range(4):
        trial, holdout, asked = tried(seeded(spec, seed))
        hundred, small = points_judged(trial, holdout, asked)
        lost.append(hundred["auc_lost"]["difference"])
        plain.append(hundred["plain_rounding"]["auc_lost"]["difference"])
        ten.append((small["auc_lost"]["difference"], small["plain_rounding"]["auc_lost"]["difference"]))
    assert np.mean(lost) <= 0.002
    apart = np.subtract(lost, plain)
    assert apart.mean() <= 2.0 * apart.std(ddof=1) / 2.0  # no worse than chance would have it; a mean of four
    worse, rounded = np.mean(ten, axis=0)
    assert worse <= 0.04  # measured over these four: Telco .019 (plain rounding .032), SaaS .031 (.077)
    assert worse < rounded


def seeded(spec, seed):
    """Return the spec with another seed, so that others are held out."""
    again = spec.model_copy(update={"calibration": spec.calibration.model_copy(update={"seed": seed})})
    again._folder = spec._folder
    return again
