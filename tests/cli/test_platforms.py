"""``score --for``: the file that a platform imports, whole or not at all, each customer once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.cli.platforms import PLATFORMS
from chs_ml.formula import ScoreWhen
from tests import tiny

HEADERS = {
    "churnzero": (
        "accountExternalId,cf_chs_score,cf_chs_band,cf_chs_reason_1,cf_chs_reason_2,cf_chs_reason_3,cf_chs_as_of"
    ),
    "gainsight": "Company ID,CHS score,CHS band,CHS reason 1,CHS reason 2,CHS reason 3,CHS as of",
    "planhat": "External Id,CHS score,CHS band,CHS reason 1,CHS reason 2,CHS reason 3,CHS as of",
    "hubspot": "Record ID,CHS score,CHS band,CHS reason 1,CHS reason 2,CHS reason 3,CHS as of",
    "totango": "Account ID,chs_score,chs_band,chs_reason_1,chs_reason_2,chs_reason_3,chs_as_of",
}


def written(path):
    return pd.read_csv(path, keep_default_na=False, dtype=str)


@pytest.fixture
def csv(tmp_path):
    tiny.customers(300, seed=5).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_whole_scores_under_the_platforms_names_beside_the_true_band(run, done, csv, tmp_path, platform):
    answer = run("score", done.directory, csv, "-o", tmp_path / "o.csv", "--for", platform)
    assert answer.code == 0, answer.err
    found, scored = written(tmp_path / "o.csv"), done.formula.read(tiny.customers(300, seed=5))
    assert ",".join(found.columns) == HEADERS[platform]
    identity, score, band, first = found.columns[:4]
    assert found[identity].tolist() == tiny.customers(300, seed=5)["id"].tolist()
    assert found[score].tolist() == [str(int(whole)) for whole in np.rint(scored.score)]
    assert found[band].tolist() == scored.band.tolist()
    rounded = np.array(
        ["healthy" if s >= 65.74 else "at risk" if s >= 48.45 else "unhealthy" for s in np.rint(scored.score)]
    )
    assert (rounded != scored.band).any()  # so the band is not that of the rounded score
    run("score", done.directory, csv, "-o", tmp_path / "all.csv")
    everything = written(tmp_path / "all.csv")
    assert found[first].tolist() == everything["reason_1"].tolist()
    assert found.iloc[:, -1].tolist() == everything["as_of"].tolist()


def test_who_is_not_scored_has_a_blank_score_and_the_reason(run, done, csv, tmp_path):
    formula = replace(done.formula, score_when=ScoreWhen(None, (("tenure", 30.0),)))
    replace(done.weights, formula=formula, vectors=[]).save(tmp_path / "w.json")
    answer = run("score", tmp_path / "w.json", csv, "-o", tmp_path / "o.csv", "--for", "hubspot")
    found = written(tmp_path / "o.csv")
    blank = found["CHS band"] == "not scored"
    assert 0 < blank.sum() < len(found) == 300
    assert (found.loc[blank, "CHS score"] == "").all() and (found.loc[~blank, "CHS score"] != "").all()
    assert set(found.loc[blank, "CHS reason 1"]) == {"tenure is below 30 or unknown"}
    assert f"note: {blank.sum()} customers are not scored: the score is blank" in answer.err


def test_a_customer_who_stands_twice_is_refused_and_nothing_is_written(run, done, tmp_path):
    frame = tiny.customers(50)
    pd.concat([frame, frame.iloc[[3, 7]]]).to_csv(tmp_path / "t.csv", index=False)
    before = sorted(tmp_path.iterdir())
    answer = run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv", "--for", "totango")
    assert answer.code == 2 and "2 rows repeat the id of another (row 51 that of row 4)" in answer.err
    assert "Totango would keep one of them" in answer.err and frame["id"][3] not in answer.err
    assert sorted(tmp_path.iterdir()) == before
    assert run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv").code == 0  # scores may repeat


def test_an_older_file_stays_where_the_new_one_is_refused(run, done, tmp_path):
    frame = tiny.customers(20)
    pd.concat([frame, frame]).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "o.csv").write_text("yesterday's", encoding="utf-8")
    assert run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv", "--for", "planhat").code == 2
    assert (tmp_path / "o.csv").read_text(encoding="utf-8") == "yesterday's"


@pytest.mark.parametrize("names", [("hubspt", "hubspot"), ("churn zero", "churnzero"), ("excel", None)])
def test_an_unknown_platform_names_the_nearest(run, csv, tmp_path, names):
    asked, near = names
    answer = run("score", tmp_path, csv, "-o", tmp_path / "o.csv", "--for", asked)
    assert answer.code == 2 and "there are: churnzero, gainsight, planhat, hubspot, totango" in answer.err
    assert (f"Did you mean '{near}'?" in answer.err) if near else "Did you mean" not in answer.err
    assert not (tmp_path / "o.csv").exists()


def test_only_csv_and_only_ids(run, done, csv, tmp_path):
    parquet = run("score", done.directory, csv, "-o", tmp_path / "o.parquet", "--for", "HubSpot")
    assert parquet.code == 2 and "--for HubSpot writes CSV" in parquet.err
    replace(done.weights, customer=None).save(tmp_path / "w.json")
    words = ["score", tmp_path / "w.json", csv, "-o", tmp_path / "o.csv", "--for", "hubspot"]
    refused = run(*words)
    assert refused.code == 2 and "the number of a row is no id" in refused.err
    assert run(*words, "--customer", "id").code == 0


def test_ids_that_a_spreadsheet_would_run_are_harmless_and_said_to_be_others(run, done, tmp_path):
    frame = tiny.customers(4)
    frame["id"] = ["=1+1", "+380", "plain", "a=b"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    answer = run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv", "--for", "gainsight")
    assert written(tmp_path / "o.csv")["Company ID"].tolist() == ["'=1+1", "'+380", "plain", "a=b"]
    assert "note: 2 ids begin like a spreadsheet's formula" in answer.err and "Gainsight will not know" in answer.err


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_that_imports_has_a_page_to_type_from(run, done, tmp_path, platform):
    assert run("export", done.directory, platform, "-o", tmp_path / "page.md").code == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.startswith(f"# tiny for {PLATFORMS[platform].name}\n") and f"--for {platform}`" in page
