"""Where everything is in order, nothing is said: in twenty companies, and in one as it is seen in other ways."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.history.leaks.clean import Past, clean


@pytest.mark.parametrize("seed", range(20))
def test_a_clean_past_gives_nothing(tmp_path, seed):
    assert [str(one) for one in clean(seed).findings(tmp_path)] == []


def _without_churned(past: Past) -> None:
    past.history["churn"] = {"inactive_for": "60d", "from": "events"}
    past.history["eligible"] = {"active_within": "60d"}
    past.history["horizon"] = "60d"
    del past.history["accounts"]["churned"]


def _in_another_zone(past: Past) -> None:
    """Days are those of Kyiv, and one table's clock stands in New York."""
    past.history["timezone"] = "Europe/Kyiv"
    kyiv = past["tickets"].set_index("at").tz_localize("Europe/Kyiv", nonexistent="shift_forward", ambiguous=True)
    past["tickets"]["at"] = kyiv.index.tz_convert("America/New_York").tz_localize(None)
    closed = past["tickets"]["closed"].dt.tz_localize("Europe/Kyiv", nonexistent="shift_forward", ambiguous="NaT")
    past["tickets"]["closed"] = closed.dt.tz_convert("America/New_York").dt.tz_localize(None)
    past.history["tables"]["tickets"]["timezone"] = "America/New_York"


def _with_customers_who_came_back(past: Past) -> None:
    """Half of those who left early have a second spell, with rows of their own and none in between."""
    accounts, events = past["accounts"], past["events"]
    back = past.gone[past.gone["left_on"] < "2023-12-01"].iloc[::2]
    again = back.assign(began=back["left_on"] + pd.Timedelta(60, "D"), left_on=pd.NaT)
    past["accounts"] = pd.concat([accounts, again])
    lent = events[events["id"].isin(past.stayed["id"].head(len(again)))]
    ids = dict(zip(past.stayed["id"].head(len(again)), again["id"], strict=True))
    lent = lent.assign(id=lent["id"].map(ids), at=lent["at"] + pd.Timedelta(1, "s"))
    began = lent["id"].map(again.set_index("id")["began"])
    past["events"] = pd.concat([events, lent[lent["at"] >= began]])


def _with_names_that_hurt(past: Past) -> None:
    past["events"]["event"] = past["events"]["event"].replace({"export": 'it\'s "quoted"; --', "invite": "запросити"})
    past["events"] = past["events"].rename(columns={"at": 'a"t', "event": "the type", "value": "type"})
    past.history["tables"]["events"] |= {"time": 'a"t', "type": "the type", "value": "type"}


def _with_days_for_times(past: Past) -> None:
    past["surveys"]["at"], past["surveys"]["loaded"] = (
        past["surveys"][name].dt.normalize() for name in ("at", "loaded")
    )
    past["tickets"]["at"] = past["tickets"]["at"].dt.normalize()


@pytest.mark.parametrize(
    "change",
    [
        _without_churned,
        _in_another_zone,
        _with_customers_who_came_back,
        _with_names_that_hurt,
        _with_days_for_times,
    ],
)
def test_what_is_right_in_another_way_gives_nothing(tmp_path, change):
    past = clean(seed=3)
    change(past)
    assert [str(one) for one in past.findings(tmp_path)] == []


def test_what_was_laid_out_for_the_checks_is_gone_afterwards(tmp_path):
    from chs_ml.history.asof import panel_of_history, staged_history
    from chs_ml.history.leaks import suspicions
    from chs_ml.spec import load_spec

    clean(seed=3).findings(tmp_path)
    spec = load_spec(tmp_path / "calibration.yaml")
    with staged_history(spec) as staged:
        before = sorted(staged.rows_of("SHOW TABLES"))
        assert not [*suspicions(staged, panel_of_history(staged, spec), spec)]
        assert sorted(staged.rows_of("SHOW TABLES")) == before
        assert not [*suspicions(staged, panel_of_history(staged, spec), spec)], "a second time"
