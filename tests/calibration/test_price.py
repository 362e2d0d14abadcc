"""What a wish costs: the figures are those of two formulas, one fitted with it and one without."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chs_ml.calibration import calibrate
from chs_ml.calibration.asking import BECAUSE, BY, asked
from chs_ml.calibration.draft import draft, with_bands
from chs_ml.calibration.price import both_sides, price, verdict_of
from chs_ml.calibration.rows import outcomes_of, plans_of, sample_of, settings_of, split
from chs_ml.errors import FitError
from chs_ml.evaluate import Difference, figures
from chs_ml.fit.learning import learn
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec
from tests import tiny

ALL = {**tiny.SPEC["calibration"], "evidence": "all"}


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return load_spec(tiny.write(tmp_path_factory.mktemp("price"), calibration=ALL))


@pytest.fixture(scope="module")
def found(spec):
    return price(spec, ["nps=0.6"])


def with_twins(folder, **wishes):
    """Tenure is there in months and in days, and a noisy reading of logins beside logins."""
    table = tiny.customers()
    noise = np.random.default_rng(3).normal(scale=2.0, size=tiny.ROWS)
    table = table.assign(days=30 * table["tenure"], visits=table["logins"] + noise)
    more = [{"name": "days", "pillar": "relationship"}, {"name": "visits", "pillar": "usage"}]
    metrics = [{**one, **wishes.get(one["name"], {})} for one in [*more, *tiny.SPEC["metrics"]]]
    return load_spec(tiny.write(folder, table, metrics=metrics))


def weights(found):
    return {one.name: one for one in found.weights}


def test_without_the_wish_it_is_what_calibrate_learns(spec, found):
    parts = split(load_panel(spec).known(), spec)
    learned = learn(sample_of(parts.training, spec), plans_of(spec), settings_of(spec))
    formula = draft(learned, parts.training, spec).formula
    assert {name: one.without for name, one in weights(found).items() if one.without} == pytest.approx(
        {term.metric: term.weight for term in formula.terms}, abs=1e-9
    )
    holdout = figures(outcomes_of(parts.holdout, spec), formula.churn_probability(parts.holdout.metrics))
    assert found.auc.without == pytest.approx(holdout.auc)
    assert found.log_loss.without == pytest.approx(holdout.log_loss)
    assert (found.rows, found.churned) == (holdout.rows, holdout.churned)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("tenure=0.3", {"tenure": {"weight": {"min": 0.3, "max": 0.3}}}),
        ("days=0", {"days": {"weight": {"min": 0, "max": 0}}}),
        ("logins=0", {"logins": {"weight": {"min": 0, "max": 0}}}),
        ("visits>=0.2", {"visits": {"weight": {"min": 0.2}}}),
        ("nps=0.25", {"nps": {"weight": {"min": 0.25, "max": 0.25}}}),
    ],
)
def test_the_price_is_the_difference_between_two_calibrations_to_the_digit(wish, said, tmp_path, quick):
    for one in said.values():
        one["weight"].update(by=BY, because=BECAUSE)
    plain, wished = with_twins(tmp_path), with_twins(tmp_path / "wished", **said)
    before, after = (
        calibrate(spec, tmp_path / name, track=False).evaluation
        for spec, name in ((plain, "run"), (wished, "run with the wish"))
    )
    found = price(plain, [wish])
    assert (found.auc.without, found.auc.with_wish) == (before.holdout.auc, after.holdout.auc)
    assert (found.log_loss.without, found.log_loss.with_wish) == (before.holdout.log_loss, after.holdout.log_loss)
    training = split(load_panel(plain).known(), plain).training
    sides = both_sides(training, plain, (plain.wishes, asked([wish], plain)), lambda *step: None)
    for side, judged, at in zip(sides, (before, after), ("without", "with_wish"), strict=True):
        formula = with_bands(side, plain).formula
        assert formula.digest == judged.choices["evaluated_formula"]
        priced = {one.name: getattr(one, at) for one in found.weights if getattr(one, at)}
        assert priced == {term.metric: term.weight for term in formula.terms}


def test_wishes_for_metrics_that_say_the_same_are_refused_by_name(tmp_path):
    with pytest.raises(
        FitError, match=r"'tenure' says the same as 'days', so only one of them can have a weight: make"
    ):
        price(with_twins(tmp_path), ["days=0.2", "tenure=0.2"])


def test_where_the_bands_cannot_be_cut_the_rest_is_told(spec):
    found = price(spec, ["plan=1"])
    assert weights(found)["plan"].with_wish == pytest.approx(1.0, abs=1e-9)
    assert found.log_loss.with_wish > found.log_loss.without
    assert found.bands is None
    assert re.search(
        "^Who changes band cannot be told, since with the wish .* cut: bands: scores pile up", found.no_bands
    )


def test_rows_that_cannot_carry_weights_are_refused_as_in_calibrate(tmp_path):
    table = tiny.customers()
    table.loc[table.index[12:], "left"] = "no"
    with pytest.raises(FitError, match="weights are learned from 10 or more"):
        price(tiny.write(tmp_path, table), ["nps=0.3"])


def test_with_the_wish_the_weight_is_as_wished_and_the_rest_gives_way(found):
    assert weights(found)["nps"].with_wish == pytest.approx(0.6, abs=1e-9)
    assert weights(found)["nps"].wished == "0.6"
    assert sum(one.with_wish for one in found.weights) == pytest.approx(1.0)
    assert found.weights[0].name == "nps", "what moves most comes first"


def test_the_differences_are_with_minus_without(found):
    for paired in (found.auc, found.log_loss):
        assert paired.difference.difference == pytest.approx(paired.with_wish - paired.without)
        assert paired.difference.low < paired.difference.difference < paired.difference.high


def test_who_changes_band_is_counted_by_way(found):
    moved = found.bands
    assert moved.of == found.customers
    assert 0 < moved.customers == moved.up + moved.down + moved.elsewhere
    assert moved.low < moved.share == moved.customers / moved.of < moved.high


def test_a_wish_that_is_met_anyway_costs_nothing(spec):
    found = price(spec, ["nps>=0.001"])
    assert found.verdict.startswith("The wish is met anyway: it costs nothing (n = ")
    assert found.bands.customers == 0
    assert all(one.with_wish == one.without for one in found.weights)


def test_a_metric_may_be_wished_away_and_a_pillar_priced(spec):
    found = price(spec, ["tickets=0", "pillar:relationship=0.2"])
    assert weights(found)["tickets"].with_wish == 0.0 < weights(found)["tickets"].without
    assert weights(found)["pillar:relationship"].with_wish == pytest.approx(0.2, abs=1e-9)
    assert found.wished == "tickets 0, pillar relationship 0.2"


def test_a_metric_that_left_for_want_of_evidence_comes_back_where_it_is_wished_for(tmp_path):
    table = tiny.customers().assign(noise=np.random.default_rng(4).normal(size=tiny.ROWS))
    metrics = [*tiny.SPEC["metrics"], {"name": "noise", "pillar": "voice"}]
    spec = tiny.write(tmp_path, table, metrics=metrics)
    assert weights(price(spec, ["tenure=0.3"])).get("noise") is None
    for wished in ("noise=0.1", "pillar:voice=0.1"):
        assert weights(price(spec, [wished]))["noise"].with_wish == pytest.approx(0.1, abs=1e-9)
        assert weights(price(spec, [wished]))["noise"].without == 0.0


def test_the_spec_s_wishes_hold_on_both_sides(tmp_path):
    metrics = [dict(one) for one in tiny.SPEC["metrics"]]
    metrics[2]["weight"] = {"max": 0.1, "by": "Olena", "because": "tickets are counted anew"}
    found = price(tiny.write(tmp_path, metrics=metrics, calibration=ALL), ["nps=0.3"])
    tickets = weights(found)["tickets"]
    assert tickets.without <= 0.1 + 1e-9
    assert tickets.with_wish <= 0.1 + 1e-9
    assert found.wished == "nps 0.3"


def test_without_more_words_the_spec_s_own_wishes_are_priced_against_none(tmp_path):
    metrics = [dict(one) for one in tiny.SPEC["metrics"]]
    metrics[0]["weight"] = {"max": 0.1, "by": "Olena", "because": "tenure is no merit"}
    pillars = [{"name": "usage", "weight": {"min": 0.4, "by": "Board", "because": "product led"}}]
    own = price(tiny.write(tmp_path / "own", metrics=metrics, pillars=pillars, calibration=ALL), [])
    told = price(tiny.write(tmp_path / "asked", calibration=ALL), ["tenure<=0.1", "pillar:usage>=0.4"])
    assert own.wished == told.wished == "Time with us at most 0.1, pillar usage at least 0.4"
    assert own == told
    assert weights(own)["tenure"].without > 0.1


def test_names_are_those_that_people_read(spec):
    found = weights(price(spec, ["pillar:usage=0.3"]))
    assert (found["tenure"].label, found["pillar:usage"].label) == ("Time with us", "pillar usage")


def test_who_makes_room_is_marked(spec):
    found = price(spec, ["nps=0.8"])
    room = {one.name for one in found.weights if one.makes_room}
    assert room == {one.name for one in found.weights if one.with_wish < 0.5 * one.without}
    assert "tenure" in room and "nps" not in room
    assert not any(one.makes_room for one in price(spec, ["tickets=0"]).weights)
    for less in ("tickets<=0.01", "pillar:support=0.01", "pillar:support<=0.01"):
        assert not weights(price(spec, [less]))["tickets"].makes_room
    both = weights(price(spec, ["nps=0.95", "tenure<=0.2"]))["tenure"]
    assert both.with_wish < 0.1 < both.without
    assert both.makes_room, "more than was asked for"


def test_a_wish_that_the_data_cannot_meet_is_refused_with_the_nearest(tmp_path):
    spec = tiny.write(tmp_path, tiny.customers().assign(logins=[1] * 5 + [0] * (tiny.ROWS - 5)))
    with pytest.raises(FitError, match=r"'logins': found a wished weight of 0.3, .* The nearest that can be met: 0."):
        price(spec, ["logins=0.3"])


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (
            Difference(0.004, 0.001, 0.002, 0.006),
            r"less well: log-loss is higher by 0.0040 \(95 % interval 0.0020 to 0.0060; n = 100",
        ),
        (Difference(0.001, 0.001, -0.001, 0.003), r"^The wish costs nothing that can be told apart from chance \(n = "),
        (
            Difference(-0.004, 0.001, -0.006, -0.002),
            r"better, log-loss is lower by 0.0040 \(95 % interval 0.0020 to 0.0060; n = ",
        ),
        (Difference(0.001, None, None, None), "^What it costs cannot be told from so few customers"),
        (Difference(0.0, 0.0, 0.0, 0.0), "^The wish is met anyway"),
    ],
)
def test_the_verdict_is_one_sentence(difference, words):
    on = figures([0, 1] * 50, np.linspace(0.1, 0.9, 100))
    assert re.search(words, verdict_of(difference, on))
