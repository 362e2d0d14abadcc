from __future__ import annotations

import numpy as np
import pytest

from chs_ml.history.demo.company import Company
from chs_ml.history.demo.moods import moods_of
from chs_ml.history.demo.rows import DAY
from chs_ml.history.demo.spells import spells_of
from chs_ml.history.demo.voices import survey_rows


@pytest.fixture(scope="module")
def asked():
    batch = Company(800).batches[0]
    spells = spells_of(batch)
    moods = moods_of(batch, len(spells))
    rows = survey_rows(batch, spells, moods)
    return rows, moods.on("pleasure", rows.spell, rows.at // DAY)


def test_the_unhappy_answer_less_often(asked):
    rows, pleasure = asked
    nps = rows.columns["survey"] == 0
    silent = np.isnan(rows.columns["answer"][nps])
    unhappy, happy = pleasure[nps] < -1, pleasure[nps] > 1
    assert silent[unhappy].mean() > 0.6
    assert silent[happy].mean() < 0.35


def test_the_happy_give_better_answers_on_each_scale(asked):
    rows, pleasure = asked
    for survey, scale in enumerate([(0, 10), (1, 5), (1, 7)]):
        answers = rows.columns["answer"][rows.columns["survey"] == survey]
        answers = answers[~np.isnan(answers)]
        assert (answers.min(), answers.max()) == scale
        assert (answers == np.round(answers)).all()
    nps = (rows.columns["survey"] == 0) & ~np.isnan(rows.columns["answer"])
    assert np.corrcoef(rows.columns["answer"][nps], pleasure[nps])[0, 1] > 0.7


def test_the_file_has_rows_without_an_answer_for_nps_only(written):
    surveys = written.table("surveys")
    silent = surveys["answer"].isna().groupby(surveys["survey"]).mean()
    assert 0.3 < silent["nps"] < 0.6
    assert silent[["csat", "ces"]].eq(0).all()


def test_silence_goes_with_churn_in_the_panel(written):
    churned = written.panel.groupby(written.panel["nps"].isna())["churned"].mean()
    assert churned[True] > churned[False]
