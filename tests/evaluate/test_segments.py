"""Figures by segment, and when it is said that one formula does not serve one."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from chs_ml.evaluate import Outcomes, churn_by, figures, segment_table

NAMES = ["healthy", "unhealthy"]
ROWS = 4000


def world(seed: int = 0, rows: int = ROWS, effect: float = 0.7):
    """Two rows a customer in segments a to f; probabilities that are right, averaged over the customers' effects."""
    draw = np.random.default_rng(seed)
    segment = np.repeat(draw.choice(list("abcdef"), rows // 2, p=[0.3, 0.3, 0.15, 0.1, 0.1, 0.05]), 2).astype(object)
    log_odds = draw.normal(-1.5, 1.2, rows) + (segment == "a")
    own = np.repeat(draw.normal(0, effect, rows // 2), 2)
    churned = (draw.random(rows) < 1 / (1 + np.exp(-log_odds - own))).astype(float)
    return segment, churned, 1 / (1 + np.exp(-log_odds / np.sqrt(1 + 0.35 * effect**2))), np.arange(rows) // 2


def table(segment, churned, p, customers, weights=None):
    band = np.where(p < 0.2, *NAMES)
    return {one.name: one for one in segment_table(segment, Outcomes.read(churned, weights, customers), p, band, NAMES)}


def test_each_segment_has_the_figures_of_its_rows_alone():
    segment, churned, p, customers = world()
    found = table(segment, churned, p, customers)
    rows = segment == "c"
    alone, told = figures(Outcomes.read(churned[rows], None, customers[rows]), p[rows]), found["c"]
    assert list(found) == list("abcdef")
    assert (told.rows, told.customers, told.churned) == (rows.sum(), rows.sum() // 2, alone.churned)
    assert (told.churn_rate, told.auc) == (alone.churn_rate, alone.auc)
    assert told.mean_predicted == pytest.approx(p[rows].mean())
    assert told.calibration_intercept == pytest.approx(alone.calibration_intercept)
    assert (told.auc_low, told.auc_high) == (alone.uncertainty["auc"].low, alone.uncertainty["auc"].high)
    assert told.slope_low < told.calibration_slope < told.slope_high
    assert told.intercept_low < told.calibration_intercept < told.intercept_high
    assert [band.name for band in told.bands] == NAMES
    assert sum(band.share for band in told.bands) == pytest.approx(1.0)
    healthy = rows & (p < 0.2)
    assert told.bands[0].churn_rate == churned[healthy].mean()
    assert told.bands[0].low < told.bands[0].churn_rate < told.bands[0].high
    assert told.bands[0].share_low < healthy.sum() / rows.sum() < told.bands[0].share_high
    json.dumps([one.as_dict() for one in found.values()], allow_nan=False)


def test_segments_of_few_customers_are_not_described():
    segment, churned, p, customers = world()
    segment[:8], segment[8] = "tiny", None
    last = list(table(segment, churned, p, customers).values())[-1].as_dict()
    assert (last.pop("name"), last.pop("rows"), last.pop("customers")) == ("fewer than 5 customers", 9, 5)
    assert last.pop("bands") == []
    assert set(last.values()) == {None}


@pytest.mark.parametrize(("left", "word"), [(0.0, "none"), (1.0, "all")])
def test_a_segment_of_one_class_says_so(left, word):
    segment, churned, p, customers = world()
    churned[segment == "f"] = left
    told = table(segment, churned, p, customers)["f"]
    assert (told.auc, told.calibration_intercept, told.calibration_slope) == (None, None, None)
    assert told.no_auc.startswith(f"{word} of {told.rows} rows churned: one class, so there is no AUC")
    assert told.churn_rate == left
    assert told.words.startswith("predicted churn")  # twenty or more were to be expected otherwise


def test_nothing_is_said_of_one_class_where_few_were_expected():
    segment, churned, p, customers = world()
    segment[:40], churned[:40], p[:40] = "small", 0.0, 0.2
    assert table(segment, churned, p, customers)["small"].words is None


def test_where_the_formula_is_right_it_is_seldom_doubted():
    """Six segments, two questions each: 5 % of panels at most are to speak; 3 sd of 100 panels above that."""
    speaking = sum(any(one.words for one in table(*world(seed)).values()) for seed in range(100))
    assert speaking <= 11


def test_churn_that_departs_is_told_with_its_interval():
    segment, churned, p, customers = world(1)
    there = segment == "b"
    churned[there & (np.arange(ROWS) % 4 == 0)] = 1.0
    found = table(segment, churned, p, customers)
    told = found["b"]
    observed = f"observed {told.churn_rate:.1%} ({told.low:.1%} to {told.high:.1%})"
    assert told.words.startswith(
        f"predicted churn {told.mean_predicted:.1%}, {observed}: churn is underestimated here; the score ranks"
    )
    assert [one.words for one in found.values() if one.name != "b"] == [None] * 5


def test_a_score_that_does_not_rank_a_segment_is_told():
    segment, churned, p, customers = world(2)
    there = np.flatnonzero(segment == "b")
    churned[there] = churned[np.random.default_rng(0).permutation(there)]
    words = table(segment, churned, p, customers)["b"].words
    assert words.startswith("the score ranks these customers less well: AUC 0.5")
    assert "among the others" in words


def test_a_segment_of_customers_who_are_alike_is_well_served():
    """Its AUC is far below that of the others, as it must be with the best of formulas."""
    segment, churned, p, customers = world(3, effect=0.0)
    there = segment == "b"
    draw = np.random.default_rng(4)
    p[there] = draw.uniform(0.28, 0.32, there.sum())
    churned[there] = draw.random(there.sum()) < p[there]
    found = table(segment, churned, p, customers)
    assert found["b"].auc_high < found["c"].auc_low
    assert found["b"].words is None


def test_what_everybody_is_off_by_is_no_segments_doubt():
    segment, churned, p, customers = world(5)
    off = 1 / (1 + np.exp(-(np.log(p / (1 - p)) - 0.6)))
    assert figures(churned, off).uncertainty["calibration_intercept"].low > 0.3
    assert {one.words for one in table(segment, churned, off, customers).values()} == {None}


def test_weights_are_repeated_rows_to_every_figure():
    segment, churned, p, customers = world(6, rows=600)
    twice = np.where(churned > 0.5, 1, 3)
    weighted = table(segment, churned, p, customers, twice.astype(float))["a"]
    rows = np.repeat(np.arange(600), twice)
    written_out = table(segment[rows], churned[rows], p[rows], customers[rows])["a"]
    for name in ("churn_rate", "auc", "mean_predicted", "calibration_intercept", "calibration_slope"):
        assert getattr(weighted, name) == pytest.approx(getattr(written_out, name)), name
    assert weighted.bands[0].share == pytest.approx(written_out.bands[0].share)


def test_one_segment_has_no_others_to_be_compared_with():
    _, churned, p, customers = world()
    only = table(["all"] * ROWS, churned, np.clip(p * 1.5, 0, 1), customers)["all"]
    assert (only.words, only.no_auc) == (None, None)


def test_time_grows_with_the_rows_and_not_with_the_groups():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 8000, 60_000).astype(str).astype(object)
    outcomes = Outcomes.read(draw.integers(0, 2, 60_000), None, np.arange(60_000))
    start = time.process_time()
    assert len(churn_by(labels, outcomes)) > 5000
    assert time.process_time() - start < 12  # two; three minutes where every group looked at every row
