"""``show --points``: the card on 80 columns, as JSON, and where a file has none."""

from __future__ import annotations

import json
import re

from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import PointsCard


def test_the_card_fits_80_columns_and_says_what_it_loses(run, done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("show", done.directory, "--points")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 80
    text = " ".join(shown.out.split())
    assert "whole points, from 0 to 100" in text
    assert "Time with us" in text
    assert "the largest change of a score is" in text
    assert re.search(r"\d+ rows held out, as the trial's card scores them: \d+\.\d% change band \(lost: AUC ", text)
    assert re.search(r"; plain rounding: \d+\.\d% change band \(lost: AUC ", text)


def test_the_card_as_json(run, done):
    card = PointsCard.from_dict(json.loads(run("show", done.directory, "--points", "--json").out))
    assert card == PointsCard.from_dict(done.weights.reference["whole_points"])


def test_a_file_alone_shows_its_card_without_the_holdout(run, done, tmp_path):
    (tmp_path / "weights.json").write_bytes((done.directory / "weights.json").read_bytes())
    shown = run("show", tmp_path / "weights.json", "--points")
    assert shown.code == 0
    assert "held out" not in shown.out


def test_a_file_without_a_card_says_what_to_do(run, done, tmp_path):
    WeightsFile(done.formula, "bare").save(tmp_path / "weights.json")
    shown = run("show", tmp_path / "weights.json", "--points")
    assert shown.code == 2
    assert "holds no card of whole points" in shown.err
    assert "Calibrate again" in shown.err
