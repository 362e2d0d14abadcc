"""The law of the cutoff: what happens, or becomes known, at it or later changes no metric of it."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chs_ml.history.asof import build_panel, staged_history
from chs_ml.history.asof.build import outcomes_of
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.query import panel_query
from chs_ml.spec import load_spec
from tests.history.asof.engines import postgres, tables_in
from tests.history.asof.histories import AROUND, frames, settings_of_histories
from tests.history.asof.on_disk import write
from tests.history.asof.reference import OWN_TIME, local_time

ENDS = ("closed", "paid", "valid_to", "churned")
OUTCOMES = {"customer", "cutoff", "churned", "segment", "stage", "revenue"}
QUIETLY = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def rows_by(request):
    """How a spec becomes the rows of its panel: by DuckDB, or by PostgreSQL from the same tables."""
    if request.param == "duckdb":
        yield lambda spec: build_panel(spec).to_pylist()
        return
    with postgres() as engine:

        def rows(spec):
            with staged_history(spec) as staged:
                engine.load(tables_in(staged.connection, ["accounts", *spec.history.past]))
                query = panel_query(spec, outcomes_of(staged, spec), Dialect("postgres"))
            return engine.rows(query.sql(dialect="postgres", identify=True))

        yield rows


@st.composite
def futures(draw):
    """A history twice: of one past before a cutoff, and of two futures."""
    setting = draw(settings_of_histories())
    one, other = draw(frames(setting)), draw(frames(setting))
    return setting, draw(st.sampled_from(setting.cutoffs)), one, other


@QUIETLY
@given(futures())
def test_no_future_changes_a_metric(tmp_path_factory, rows_by, drawn):
    setting, cutoff, one, other = drawn
    setting = setting.but(cutoffs=[cutoff])
    changed = {}
    for name, file in setting.files().items():
        changed[file] = with_other_future(setting.history, name, cutoff, one[file], other[file])
    first, second = (metrics_of_panel(tmp_path_factory, rows_by, setting, tables) for tables in (one, changed))
    assert first == second


@QUIETLY
@given(st.data())
def test_the_outcome_s_window_changes_no_metric(tmp_path_factory, rows_by, data):
    setting = data.draw(settings_of_histories())
    tables = data.draw(frames(setting))
    days = data.draw(st.sampled_from(("2d", "14d", "30d", "91d")))
    changes = {"gap": data.draw(st.sampled_from((None, "0d", "3d")))}
    changes["horizon"] = days if "horizon" in setting.history else None
    changes["churn"] = setting.history["churn"] | {"inactive_for": days} if "churn" in setting.history else None
    changes["observed_until"] = setting.cutoffs[0] + dt.timedelta(data.draw(st.sampled_from(AROUND)))
    first = metrics_of_panel(tmp_path_factory, rows_by, setting, tables)
    second = metrics_of_panel(tmp_path_factory, rows_by, setting.but(**changes), tables)
    shared = first.keys() & second.keys()
    assert {key: first[key] for key in shared} == {key: second[key] for key in shared}
    if not setting.history.get("eligible", {}).get("renewal_in_horizon"):
        assert first.keys() == second.keys()


def metrics_of_panel(tmp_path_factory, rows_by, setting, tables):
    path = write(tmp_path_factory.mktemp("law"), setting.history, setting.metrics, tables)
    rows = rows_by(load_spec(path))
    return {(row["customer"], row["cutoff"]): {k: v for k, v in row.items() if k not in OUTCOMES} for row in rows}


def with_other_future(history, name, cutoff, one, other):
    """The rows of ``one`` that a cutoff may know, those of ``other`` that it may not, and other ends after it."""
    said = history["accounts"] if name == "accounts" else history["tables"][name]
    midnight = dt.datetime.combine(cutoff, dt.time())
    past = one[[_is_visible(history, said, row, midnight) for row in one.to_dict("records")]].copy()
    future = other[[not _is_visible(history, said, row, midnight) for row in other.to_dict("records")]]
    if name == "accounts":
        future = future[~future[said["customer"]].isin(past[said["customer"]])]  # spells do not overlap
    for column in (said[role] for role in ENDS if role in said):
        ends = [end for end in other[column] if _is_future(history, said, column, end, midnight)]
        cells = [
            ends[at % len(ends)] if ends and _is_future(history, said, column, cell, midnight) else cell
            for at, cell in enumerate(past[column])
        ]
        past[column] = pd.Series(cells, index=past.index, dtype=object)
    return pd.concat([future, past], ignore_index=True)


def _is_visible(history, said, row, midnight):
    own = next(role for role in (*OWN_TIME, "start") if role in said)
    times = [_local(history, said, row[said[role]]) for role in (own, "known") if role in said]
    return times[0] is not None and all(time is None or time < midnight for time in times)


def _is_future(history, said, column, cell, midnight):
    """Whether an end is still to come: for a spell it is so on later days only."""
    end = _local(history, said, cell)
    if end is None:
        return True
    return end.date() > midnight.date() if column == said.get("churned") else end >= midnight


def _local(history, said, cell):
    return local_time(cell, history["timezone"], said.get("timezone"))
