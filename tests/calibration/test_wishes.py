"""Wishes of the spec, from calibration.yaml to weights.json."""

from __future__ import annotations

import pytest

from chs_ml.calibration import calibrate
from chs_ml.errors import FitError
from chs_ml.explain.pinned import pinned_in_words
from chs_ml.formula import Formula
from tests import tiny


def wishing(metric, weight, **more):
    """The tiny spec with a wish for one of its metrics."""
    metrics = [{**one, "weight": weight} if one["name"] == metric else one for one in tiny.SPEC["metrics"]]
    return {"metrics": metrics, "owner": "Olena", "because": "the board decided", **more}


def test_a_wish_holds_in_what_is_judged_and_in_what_is_shipped(tmp_path, quick):
    done = calibrate(tiny.write(tmp_path, **wishing("nps", 0.3)), tmp_path / "run", track=False)
    terms = {term.metric: term for term in Formula.load(tmp_path / "run" / "weights.json").terms}
    assert terms["nps"].weight == pytest.approx(0.3, abs=1e-9)
    assert (terms["nps"].origin.by, terms["nps"].origin.because) == ("Olena", "the board decided")
    assert {term.origin.kind for name, term in terms.items() if name != "nps"} == {"learned"}
    assert done.formula.terms == Formula.load(tmp_path / "run" / "weights.json").terms


def test_a_pillar_s_wish_keeps_it_in_the_formula(tmp_path, quick):
    pillars = [{"name": "satisfaction", "weight": {"min": 0.2}}, {"name": "support", "weight": 0}]
    spec = tiny.write(tmp_path, pillars=pillars, owner="Olena", because="the board decided")
    weights = {term.metric: term.weight for term in calibrate(spec, tmp_path / "run", track=False).formula.terms}
    assert weights["nps"] >= 0.2 - 1e-9
    assert "tickets" not in weights


def test_the_file_says_each_wish_and_a_pillar_s_is_told_once(tmp_path, quick):
    wished = wishing("tenure", {"max": 0.1, "by": "Ivan", "because": "tenure is no merit"})
    pillars = [
        {"name": "relationship", "weight": {"min": 0.4, "by": "Board", "because": "it is agreed"}},
        {"name": "support", "weight": 0},
    ]
    calibration = {**tiny.SPEC["calibration"], "evidence": "all"}
    spec = tiny.write(tmp_path, **{**wished, "pillars": pillars, "calibration": calibration})
    weights = calibrate(spec, tmp_path / "run", track=False).weights
    assert weights.training["wishes"] == [
        {"metric": "tenure", "least": 0.0, "most": 0.1, "by": "Ivan", "because": "tenure is no merit"},
        {"pillar": "relationship", "least": 0.4, "most": 1.0, "by": "Board", "because": "it is agreed"},
        {"pillar": "support", "least": 0.0, "most": 0.0, "by": "Olena", "because": "the board decided"},
    ]
    assert pinned_in_words(weights) == [
        "Pinned: Time with us, at most 10 %: by Ivan, because tenure is no merit",
        "Pinned: pillar relationship, at least 40 %: by Board, because it is agreed",
        "Pinned: pillar support, no weight: by Olena, because the board decided",
    ]


def test_a_wish_that_the_data_do_not_let_be_met_is_refused(tmp_path, quick):
    table = tiny.customers().assign(nps=[7, 8, 7, 8, 7] + [None] * (tiny.ROWS - 5))
    spec = tiny.write(tmp_path, table, **wishing("nps", 0.3))
    with pytest.raises(FitError, match=r"metric 'nps': found a wished weight of 0.3, .* can be met: 0"):
        calibrate(spec, tmp_path / "run", track=False)
    assert not (tmp_path / "run").exists()


def test_wishes_for_two_metrics_that_say_the_same_are_refused_by_name(tmp_path, quick):
    table = tiny.customers()
    wished = wishing("tenure", 0.2)
    wished["metrics"].append({"name": "days", "pillar": "relationship", "weight": 0.2})
    spec = tiny.write(tmp_path, table.assign(days=30 * table["tenure"]), **wished)
    with pytest.raises(
        FitError, match=r"metric 'days' says the same as 'tenure', so only one of them can have a weight"
    ):
        calibrate(spec, tmp_path / "run", track=False)
