"""Whole points of a calibration: measured on customers held out, and kept in the weights file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from chs_ml.calibration import whole_points
from chs_ml.calibration.draft import draft
from chs_ml.calibration.rows import outcomes_of, plans_of, sample_of, settings_of, split
from chs_ml.calibration.whole_points import points_judged, points_paper
from chs_ml.evaluate import auc_difference
from chs_ml.fit.learning import learn
from chs_ml.formula.frames import Columns
from chs_ml.formula.points_card import PointsCard
from chs_ml.formula.step_tables import step_tables
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
def test_a_hundred_points_lose_little_and_less_than_plain_rounding(name, chs_data, tmp_path, monkeypatch):
    """Measured, AUC lost at 100: Telco .0006 (plain .0008), SaaS -.0008 (plain .0003); at 10: .019 (.027), .025 (.056).

    Plain rounding is that of the whole formula. Rounding the card's own steps as they are, whatever they add up to,
    loses .0005 of AUC on both tables: on Telco a little less than the card, within the noise of this holdout (.0006).
    """
    trial, holdout, spec = tried(experiment(name, chs_data, tmp_path, monkeypatch))
    hundred, ten = points_judged(trial, holdout, spec)
    lost, plain = (line["auc_lost"]["difference"] for line in (hundred, hundred["plain_rounding"]))
    assert lost <= 0.002
    assert lost < plain
    loss, plain_loss = (line["log_loss_lost"]["difference"] for line in (hundred, hundred["plain_rounding"]))
    assert loss <= 0.001
    assert loss < plain_loss
    assert lost < rounded_tables(trial, holdout, spec) + 0.0005
    assert ten["auc_lost"]["difference"] <= 0.03
    assert ten["auc_lost"]["difference"] < ten["plain_rounding"]["auc_lost"]["difference"]


def rounded_tables(trial, holdout, spec):
    """Return the AUC lost by rounding the very same steps as they are."""
    columns, formula = Columns(holdout.metrics), trial.formula
    tables = step_tables(formula, Columns(trial.panel.metrics))
    points = [np.rint(100.0 * table.share)[table.codes(columns)] for table in tables]
    churn = formula.churn_probability(columns)
    rounded = formula.link.churn_probability(np.sum(points, axis=0))
    return auc_difference(outcomes_of(holdout, spec), churn, rounded).difference
