"""Wishes for metrics that say the same."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.wishes.wished import check_wishes
from chs_ml.formula.wishes import Wish, Wishes
from tests.fit import drawn

PLANS = tuple(MetricPlan(name) for name in ("logins", "days", "tickets", "both"))
PILLARS = {"logins": "usage", "days": "time", "tickets": "support", "both": "sum"}


def checked(metrics, pillars=None, keep=()):
    table = drawn.frame(300, 0)[["logins", "tickets"]].astype(float)
    table = table.assign(days=7.0 * table["logins"] + 1.0, both=table["logins"] + 2.0 * table["tickets"])
    sample = drawn.sample(table, drawn.retained(drawn.frame(300, 0), 0), PLANS)
    wishes = Wishes(wished(metrics), wished(pillars or {}), PILLARS)
    check_wishes(sample, PLANS, Settings(wishes=wishes, keep=keep))


def wished(ends):
    return {name: Wish(*end, "Olena", "the board") for name, end in ends.items()}


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"logins": (0.3, 0.3)},
        {"days": (0.3, 0.3)},
        {"logins": (0.0, 0.0), "days": (0.3, 0.3)},
        {"logins": (0.0, 0.4), "days": (0.0, 0.4)},
        {"logins": (0.2, 0.2), "both": (0.3, 1.0)},
    ],
)
def test_a_wish_for_one_of_them_is_let_through(metrics):
    checked(metrics)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (
            {"metrics": {"logins": (0.3, 0.3), "days": (0.2, 0.2)}},
            r"'days': found a wished weight of 0.2, but it can have none.*\n.*'days' says the same as 'logins', so ",
        ),
        ({"metrics": {"days": (0.2, 0.2)}, "keep": ("logins",)}, "'days' says the same as 'logins', so only one"),
        (
            {"metrics": {"logins": (0.1, 1.0), "tickets": (0.1, 1.0), "both": (0.1, 1.0)}},
            "'both' says the same as 'logins' and 'tickets' together, so it can have no weight beside them: take back",
        ),
        (
            {"metrics": {"logins": (0.2, 0.2), "both": (0.3, 0.3)}},
            r"maxima of all metrics that add up to 0.5 [^\n]*\n[^\n]*\n.*'tickets' says the same as 'logins' and ",
        ),
        (
            {"metrics": {"logins": (0.1, 1.0)}, "pillars": {"time": (0.2, 1.0)}},
            r"pillar 'time': .* at most 0 together.*\n.*'days' says the same as 'logins'",
        ),
    ],
)
def test_wishes_that_only_twins_could_meet_are_refused(wishes, words):
    with pytest.raises(FitError, match=words):
        checked(**wishes)


def test_metrics_that_nobody_wishes_for_are_not_named():
    with pytest.raises(FitError) as error:
        checked({"logins": (0.3, 0.3), "days": (0.2, 0.2)})
    assert not any("both" in problem for problem in error.value.problems)
    assert np.char.startswith(error.value.problems, "metric 'days'").all()
