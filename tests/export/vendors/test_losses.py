"""What a page says is lost is what was measured, and what was not measured is said to be unknown."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from chs_ml import export
from chs_ml.export.vendors.bounds import farthest_from_formula
from chs_ml.export.vendors.gainsight import gainsight_typed
from chs_ml.export.vendors.losses import measured_of
from chs_ml.export.vendors.measures import typed_of
from chs_ml.export.vendors.planhat import planhat_typed
from chs_ml.export.vendors.totango import totango_typed
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.card_losses import Read, losses_of
from tests import tiny

SHAPES = {"gainsight": gainsight_typed, "planhat": planhat_typed, "totango": totango_typed}


@pytest.mark.parametrize("platform", SHAPES)
def test_a_calibration_measures_each_shape_on_its_rows(platform):
    weights, frame = tiny.calibrated().weights, tiny.customers()
    typed = SHAPES[platform](weights)
    churned = (frame["left"] == "yes").astype(float)
    measured = losses_of(Read.by_formula(weights.formula, frame), typed.read(frame), churned)
    kept = measured_of(weights, platform)
    assert kept == measured and kept.rows == len(frame)
    page = export(weights, platform)
    assert f"a score typically changes by {kept.typical_change:.1f} points (the median)" in page
    assert f"the largest change of a score is {kept.largest_change:.1f} points of 100" in page
    assert f"{kept.change_band:,} of them ({kept.share_changing_band:.1%}) are in another band" in page
    assert f"AUC is {kept.auc:.4f}, {abs(kept.auc_lost):.4f} " in page
    assert kept.largest_change <= farthest_from_formula(typed)


def test_where_the_cards_points_are_added_up_its_losses_are_the_pages():
    weights = tiny.calibrated().weights
    typed, frame = typed_of(weights), tiny.customers()
    assert typed.is_the_card
    assert np.abs(100 * typed.read(frame).share - typed.card.score(frame)).max() < 1e-9
    for platform in ("churnzero", "hubspot"):
        page = export(weights, platform)
        assert f"the largest change of a score is {typed.card.losses.largest_change:.1f} points" in page
        assert "rounds once more" not in page


def test_a_file_that_measured_only_the_card_says_what_more_is_rounded():
    weights = tiny.calibrated().weights
    older = replace(weights, reference={key: kept for key, kept in weights.reference.items() if key != "platforms"})
    page = export(older, "totango")
    assert "the card of whole points that this table is made from" in page
    assert re.search(r"rounds once more, which moves a score by at most \d+\.\d points; .* was not measured", page)
    del older.reference["whole_points"]["losses"]["typical_change"]  # as before it was measured
    assert "typically" not in export(older, "churnzero") and "largest change" in export(older, "churnzero")


@pytest.mark.parametrize("junk", [[], {"totango": 3}, {"totango": {"rows": "x"}}, {"totango": None}, "x"])
def test_papers_that_nobody_can_read_are_no_measure(junk):
    weights = tiny.calibrated().weights
    page = export(replace(weights, reference={**weights.reference, "platforms": junk}), "totango")
    assert "rounds once more" in page


def test_a_formula_written_by_hand_has_nothing_measured():
    weights = WeightsFile(Formula((Term("x", "", "positive", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),)), "w")
    page = export(weights, "churnzero")
    assert "AUC, the typical change and the share of customers who change band are not known" in page
    assert "Measured" not in page


def test_the_bound_is_reached_where_there_is_one_term():
    levels = Levels((("a", 0.0), ("b", 0.31), ("c", 1.0)), 0.5, 0.5)
    typed = totango_typed(WeightsFile(Formula((Term("x", "", "free", 1.0, levels),)), "w"))
    assert farthest_from_formula(typed) == pytest.approx(60 - 31)  # 31 is nearer to 60 than to 0
    read = typed.read({"x": np.array(["a", "b", "c", "d", None], dtype=object)})
    assert (100 * read.share).tolist() == [0.0, 60.0, 100.0, 60.0, 60.0]


def test_the_bound_knows_that_one_side_of_a_split_applies():
    from chs_ml.formula.conditions import Condition

    rises, when = Curve((0.0, 1.0), (0.0, 1.0), 0.0), [Condition("y", above=0.0, holds=side) for side in (True, False)]
    sides = tuple(Term("x", "", "positive", 0.5, rises, when=side, otherwise=0.0) for side in when)
    typed = totango_typed(WeightsFile(Formula(sides, Link(0.0, 1.0)), "w"))
    alone = totango_typed(WeightsFile(Formula((Term("x", "", "positive", 1.0, rises),)), "w"))
    assert farthest_from_formula(typed) == pytest.approx(farthest_from_formula(alone) / 2, abs=1.0)


def test_losses_survive_the_file():
    lost = tiny.calibrated().weights.reference["whole_points"]["losses"]
    assert lost["typical_change"] == pytest.approx(
        asdict(typed_of(tiny.calibrated().weights).card.losses)["typical_change"]
    )
