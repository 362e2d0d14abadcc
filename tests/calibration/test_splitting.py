"""A calibration in which usage works the other way round for whoever called more than three times."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from chs_ml import calibrate, export, load_spec
from chs_ml.calibration.checks import examine
from chs_ml.calibration.price import price
from chs_ml.errors import FitError
from chs_ml.explain.customer import ELSEWHERE, explain_row
from chs_ml.explain.pictures import pictures_of
from chs_ml.explain.pinned import pinned_in_words
from chs_ml.export.splits import splits_in_words
from chs_ml.formula import WeightsFile
from chs_ml.tracking.directory import RunDirectory
from chs_ml.tracking.records import metrics, parameters
from tests.fit.splits import worlds

ROWS = 3_000
CALLS = {"metric": "calls", "above": 3.0}


def written(folder, **calibration):
    table = worlds.frame(ROWS)
    table.insert(0, "id", [f"customer-{at:05d}" for at in range(ROWS)])
    table["left"] = np.where(worlds.retained(table) > 0.5, "no", "yes")
    table.to_csv(folder / "customers.csv", index=False)
    spec = {
        "name": "splits",
        "owner": "Olena",
        "because": "a test",
        "data": {"table": "customers.csv", "customer": "id", "outcome": {"column": "left", "churned": ["yes"]}},
        "metrics": [
            {"name": "usage", "pillar": "usage", "label": "Use"},
            {"name": "calls", "pillar": "support", "label": "Service calls"},
            {"name": "plan", "pillar": "relationship"},
            {"name": "noise", "pillar": "usage"},
        ],
        "calibration": {"ramps": 4, "strength": {"size": 1.0, "bend": 3.0}, **calibration},
        "validation": {"cross_validation": 3},
    }
    (folder / "calibration.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return load_spec(folder / "calibration.yaml")


def edited(folder, key):
    """Return the calibration with one more key of the metric usage."""
    path = folder / "calibration.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("label: Use", f"{key}\n  label: Use"), encoding="utf-8")
    return calibrate(load_spec(path), folder / "run", track=False)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder = tmp_path_factory.mktemp("split")
    return calibrate(written(folder), folder / "run", track=False)


def test_the_papers_say_whom_a_split_is_about_and_what_it_is_worth(split):
    [paper] = split.weights.training["splits"]
    assert (paper["metric"], paper["when"], paper["origin"]) == ("usage", CALLS, "found")
    calls = worlds.frame(ROWS)["calls"]
    assert paper["rows"] == (calls > 3).sum() and paper["share"] == pytest.approx((calls > 3).mean())
    assert paper["verdict"] == "clear" and paper["p"] < 1e-6 and paper["asked"] > 20
    assert paper["apart"]["low"] < -6 * (paper["apart"]["end"] - paper["apart"]["start"]) < paper["apart"]["high"]
    assert paper["holdout"]["log_loss"]["high"] < 0  # better, and not by chance
    assert paper["holdout"]["rows"] == split.evaluation.holdout.rows


def test_the_evaluation_says_what_was_tried(split):
    told = split.evaluation.as_dict()["splits"]
    [kept] = told["kept"]
    assert kept["gain"] > 2 * kept["standard_error"] and kept["holdout"] == told["holdout"]
    assert all(line["metric"] for line in told["refused"])
    again = json.loads((split.directory / "evaluation.json").read_text(encoding="utf-8"))
    assert again["splits"] == told


def test_there_is_evidence_for_either_side(split):
    lines = [line for line in split.weights.evidence if line["metric"] == "usage"]
    assert [line["when"] for line in lines] == [{**CALLS, "holds": False}, {**CALLS, "holds": True}]
    there, elsewhere = lines[1]["impact"]["odds_ratio"], lines[0]["impact"]["odds_ratio"]
    assert there > 5
    assert elsewhere < 0.2
    assert all(line["verdict"] == "clear" and line["low"] < line["high"] for line in lines)
    assert all(line["alone"]["rows"] < ROWS for line in lines)  # among those whom the side is about


def test_a_split_is_one_sentence_with_its_numbers(split):
    [(heading, [sentence])] = splits_in_words(split.weights)
    assert re.fullmatch(r"Where Service calls > 3 \(\d+ rows, 1\d%\)", heading)
    assert re.fullmatch(
        r"Use: .+ goes with churn \d+% → \d+% \(odds × \d+\) there; .+ goes with churn \d+% → \d+% \(odds × 0\.\d+\) "
        r"elsewhere, the other way round; the sides differ \(p < 0\.001, all \d+ pairs looked at counted\); on "
        r"\d+ rows held out log-loss is 0\.\d{4} lower with it \(0\.\d{4} to 0\.\d{4}\)\.",
        sentence,
    )


def test_metrics_that_share_a_condition_stand_below_it_together(split):
    file = json.loads(split.weights.dumps())
    terms = file["formula"]["terms"]
    noise = [{**term, "metric": "plan_minutes"} for term in terms if term["metric"] == "usage"]
    total = sum(term["weight"] for term in (*terms, *noise))
    both = [{**term, "weight": term["weight"] / total} for term in (*terms, *noise)]
    formula = {**file["formula"], "terms": both}
    again = WeightsFile.loads(json.dumps({**file, "formula": formula, "digest": None, "vectors": []}))
    [(_, sentences)] = splits_in_words(again)
    assert [sentence.split(":")[0] for sentence in sentences] == ["Use", "plan_minutes"]


def test_papers_that_somebody_edited_are_read_as_far_as_they_go(split):
    file = json.loads(split.weights.dumps())
    for junk in (None, 7, [7], [{"metric": "usage"}], [{"metric": "usage", "when": {"metric": "calls", "above": "x"}}]):
        file["training"]["splits"] = junk
        [(heading, [sentence])] = splits_in_words(WeightsFile.loads(json.dumps(file)))
        assert heading == "Where Service calls > 3" and sentence.startswith("Use: ")


def test_the_page_in_markdown_fits_on_a_screen(split):
    page = export(split.weights, "markdown")
    assert len(page.splitlines()) <= 40
    assert "Where Service calls \\> 3" in page and "| Use (Service calls \\> 3) |" in page
    for heading in ("Adds: more is healthier", "Subtracts: less is healthier", "| Band | Score from |"):
        assert heading in page


def test_one_customer_hears_of_the_side_that_applies(split):
    row = {"usage": [0.9], "calls": [5.0], "plan": ["pro"], "noise": [0.0]}
    explained = explain_row(split.weights, row)
    values = {part.label: part.value for part in explained.parts if part.metric == "usage"}
    assert values == {"Use (Service calls > 3)": "0.9", "Use (Service calls ≤ 3 or unknown)": ELSEWHERE}
    assert sum(part.points for part in explained.parts) == pytest.approx(explained.score, abs=1e-9)
    away = next(part for part in explained.parts if part.value == ELSEWHERE)
    assert away.against_average == pytest.approx(0.0, abs=0.1)  # it neither gains nor loses by it


def test_whole_points_have_the_split_too(split):
    card = split.formula.to_points(100)
    sides = [term for term in card.terms if term.metric == "usage"]
    assert [str(side.when) for side in sides] == ["calls ≤ 3 or unknown", "calls > 3"]
    assert all(side.otherwise is not None for side in sides)


def test_both_curves_are_drawn_side_by_side(split):
    svg = pictures_of(split.weights, split.evaluation.as_dict())["curves"]
    assert "Use (Service calls &gt; 3)" in svg and "Use (elsewhere)" in svg


def test_the_vectors_ask_at_the_conditions_edge(split):
    asked = [vector["inputs"].get("calls") for vector in split.weights.vectors]
    assert {3.0, np.nextafter(3.0, 9.0)} <= {value for value in asked if isinstance(value, float)}


def test_mlflow_hears_of_it(split):
    run = RunDirectory.read(split.directory)
    assert parameters(run)["formula.splits"] == "1" and parameters(run)["calibration.splits.most"] == "3"
    assert sum(name.startswith("weight.usage") for name in metrics(run)) == 2


def test_the_price_of_a_wish_counts_both_sides(split):
    found = price(split.directory / "spec.yaml", ["usage=0.3"])
    [usage] = [one for one in found.weights if one.name == "usage"]
    assert usage.with_wish == pytest.approx(0.3, abs=1e-6)
    assert usage.without == pytest.approx(sum(t.weight for t in split.formula.terms if t.metric == "usage"), abs=0.1)


def test_last_quarters_split_stays(split, tmp_path):
    spec = written(tmp_path, anchor={"file": str(split.directory / "weights.json")})
    done = calibrate(spec, tmp_path / "run", track=False)
    [paper] = done.weights.training["splits"]
    assert (paper["when"], paper["origin"], paper["asked"]) == (CALLS, "anchor", 1)
    assert "usage" in done.evaluation.choices["anchor"]["kept"]


def test_a_side_that_goes_the_other_way_than_declared_is_named(tmp_path):
    written(tmp_path)
    done = edited(tmp_path, "direction: positive")
    assert [str(term.when) for term in done.formula.terms if term.metric == "usage"] == ["calls ≤ 3 or unknown"]
    [paper] = done.weights.training["splits"]
    assert paper["against"] == ["there"]
    [(_, [sentence])] = splits_in_words(done.weights)
    assert "there it has no weight, as the data clearly go the other way than declared" in sentence
    assert any("where calls > 3 holds, and so has no weight there" in note for note in done.notes)


def some_missing(folder, **calibration):
    """Write the table so that usage is not known of some, who churn no more and no less than others."""
    written(folder, **calibration)
    table = pd.read_csv(folder / "customers.csv")
    table.loc[np.random.default_rng(4).random(ROWS) < 0.25, "usage"] = np.nan
    table.to_csv(folder / "customers.csv", index=False)


def verdicts(done):
    return {one["verdict"] for one in done.weights.evidence if one["metric"] == "usage"}


def test_a_side_that_lives_on_its_missing_value_alone_is_named_too(tmp_path):
    some_missing(tmp_path, splits=[{"metric": "usage", "when": CALLS}])
    done = edited(tmp_path, "direction: positive")
    [there] = [one for one in done.weights.evidence if one["metric"] == "usage" and one["when"]["holds"]]
    assert there["shape"] == "level" and there["verdict"] == "contradicts its direction"
    assert done.weights.training["splits"][0]["against"] == ["there"]
    [(_, [sentence])] = splits_in_words(done.weights)
    assert "there only a missing value has a weight, as the data clearly go the other way than declared" in sentence
    assert any("where calls > 3 holds, and so has a weight there for missing values only" in n for n in done.notes)


def test_so_is_a_metric_that_is_not_split(tmp_path):
    some_missing(tmp_path, splits=0)
    done = edited(tmp_path, "direction: negative")
    assert verdicts(done) == {"contradicts its direction"}
    said = "metric 'usage' clearly goes the other way than declared, and so has a weight for missing values only"
    assert sum(said in note for note in done.notes) == 1


def test_a_wish_is_told_once_for_both_sides(tmp_path):
    written(tmp_path)
    done = edited(tmp_path, "weight: 0.3")
    [line] = pinned_in_words(done.weights)
    assert line.startswith("Pinned: Use (both sides of its split together), 30 %")


def test_why_a_side_has_no_weight_is_said(tmp_path):
    written(tmp_path, splits=[{"metric": "usage", "when": CALLS}])
    table = pd.read_csv(tmp_path / "customers.csv")
    table.loc[table["calls"] > 3, "usage"] = 0.5
    table.to_csv(tmp_path / "customers.csv", index=False)
    done = calibrate(load_spec(tmp_path / "calibration.yaml"), tmp_path / "run", track=False)
    [paper] = done.weights.training["splits"]
    assert (paper["p"], paper["verdict"], paper["without"]) == (None, None, {"there": "alike"})
    [(_, [sentence])] = splits_in_words(done.weights)
    assert "there it has no weight, as too few differ to learn from" in sentence and "(p =" not in sentence
    file = json.loads(done.weights.dumps())
    for why, told in (("wish", "there it has no weight, as a wish leaves it none"), (7, "there no difference")):
        file["training"]["splits"][0]["without"] = {"there": why}
        [(_, [sentence])] = splits_in_words(WeightsFile.loads(json.dumps(file)))
        assert told in sentence


def test_the_change_over_all_customers_counts_those_whom_a_side_leaves_alone(split):
    frame = worlds.frame(ROWS)
    for term, line in zip(split.formula.terms, split.weights.evidence, strict=True):
        if term.when is not None:
            ends = [frame.assign(usage=np.where(term.when.applies(frame), end, frame["usage"])) for end in
                    (term.shape.knots[0], term.shape.knots[-1])]  # fmt: skip
            before, after = map(split.formula.churn_probability, ends)
            assert line["impact"]["average_change"] == pytest.approx((after - before).mean(), abs=1e-9)


def test_by_hand_and_none(tmp_path):
    fixed = [{"metric": "noise", "when": {"metric": "plan", "level": "pro"}}]
    done = calibrate(written(tmp_path, splits=fixed), tmp_path / "run", track=False)
    assert [one["origin"] for one in done.weights.training["splits"]] == ["by hand"]
    assert {str(term.when) for term in done.formula.terms if term.when} <= {"plan = pro", "plan ≠ pro"}
    none = calibrate(written(tmp_path, splits=0), tmp_path / "none", track=False)
    assert none.weights.training["splits"] == [] and "splits" not in none.evaluation.as_dict()
    assert not any(term.when for term in none.formula.terms)


def test_a_split_that_cannot_be_made_is_refused_before_anything_is_fitted(tmp_path):
    spec = written(tmp_path, splits=[{"metric": "noise", "when": {"metric": "plan", "level": "gold"}}])
    message = (
        r"^calibration.yaml: calibration.splits: metric 'noise' when plan = gold: no row learned from has the level"
    )
    with pytest.raises(FitError, match=message):
        calibrate(spec, tmp_path / "run", track=False)
    assert not (tmp_path / "run").exists()
    [finding] = [one for one in examine(spec).findings if one.code == "bad-split"]
    assert finding.severity == "error" and str(finding).startswith(
        "calibration.yaml: calibration.splits: metric 'noise'"
    )


def test_a_split_of_a_metric_that_another_one_says_is_refused_by_the_name_of_the_file(tmp_path):
    """Of two that say the same the metric to be split stays; of two that are both to be split, one cannot."""
    pairs = [("noise", {"metric": "plan", "level": "pro"}), ("usage", {"metric": "calls", "above": 3})]
    spec = written(tmp_path, splits=[{"metric": metric, "when": when} for metric, when in pairs])
    table = pd.read_csv(tmp_path / "customers.csv")
    table.assign(noise=2 * table["usage"]).to_csv(tmp_path / "customers.csv", index=False)
    said = r"^calibration.yaml: calibration.splits: metric '\w+' says the same as '\w+', so that it has no curve"
    with pytest.raises(FitError, match=said):
        calibrate(spec, tmp_path / "run", track=False)


def test_a_metric_that_is_to_have_no_weight_is_not_split(tmp_path):
    written(tmp_path, splits=[{"metric": "usage", "when": {"metric": "calls", "above": 3}}])
    with pytest.raises(
        FitError,
        match=r"^calibration.yaml: calibration.splits: metric 'usage' is to have no weight, so that it has no curve",
    ):
        edited(tmp_path, "weight: 0")


def test_a_split_of_the_anchor_that_the_rows_cannot_have_is_let_go_and_said(split, tmp_path):
    spec = written(tmp_path, anchor={"file": str(split.directory / "weights.json")})
    table = pd.read_csv(tmp_path / "customers.csv")
    table[table["calls"] <= 3].to_csv(tmp_path / "customers.csv", index=False)
    said = "its split of 'usage' by calls > 3 is let go: where it holds, 0 rows learned from churned and 0 stayed"
    [finding] = [one for one in examine(spec).findings if one.code == "anchor-note"]
    assert finding.severity == "warning" and said in str(finding)
    done = calibrate(spec, tmp_path / "run", track=False)
    assert sum(said in note for note in done.notes) == 1
    assert not any(term.when for term in done.formula.terms)


def test_a_metric_of_another_kind_lets_the_anchors_split_go(split, tmp_path):
    written(tmp_path, anchor={"file": str(split.directory / "weights.json")})
    path = tmp_path / "calibration.yaml"
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["metrics"][1]["kind"] = "category"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    done = calibrate(load_spec(path), tmp_path / "run", track=False)
    assert sum("by calls > 3 is let go: 'calls' is of another kind now" in note for note in done.notes) == 1


def test_a_wish_that_takes_a_fixed_splits_metric_has_no_price(tmp_path):
    written(tmp_path, splits=[{"metric": "usage", "when": {"metric": "calls", "above": 3}}])
    with pytest.raises(
        FitError,
        match=r"^calibration.yaml: calibration.splits: metric 'usage' is to have no weight, so that it has no curve",
    ):
        price(tmp_path / "calibration.yaml", ["usage=0"])
