"""One demo for all tests that only read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chs_ml.history.asof import build_panel
from chs_ml.history.demo import Demo, write_demo
from chs_ml.history.demo.tables import FILES
from chs_ml.spec import load_spec

TIMES = {
    "accounts": ["signed_up_at", "churned_at", "renews_on"],
    "plans": ["from", "to"],
    "events": ["occurred_at"],
    "surveys": ["asked_at"],
    "tickets": ["opened_at", "closed_at"],
    "invoices": ["issued_on", "due_on", "paid_on"],
    "interventions": ["called_at"],
}


@dataclass(frozen=True)
class Written:
    """A demo, and its files as frames."""

    demo: Demo

    def table(self, name: str) -> pd.DataFrame:
        path = self.demo.directory / FILES[name]
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        return frame.assign(**{time: pd.to_datetime(frame[time]) for time in TIMES[name]})

    @cached_property
    def panel(self) -> pd.DataFrame:
        return build_panel(load_spec(self.demo.spec)).to_pandas()

    @cached_property
    def truth(self) -> dict:
        return json.loads(self.demo.truth.read_text(encoding="utf-8"))

    @cached_property
    def true_churn(self) -> np.ndarray:
        """Each panel row's probability of churn, from nothing but truth.json."""
        log_odds = np.full(len(self.panel), self.truth["intercept"])
        for term in self.truth["terms"]:
            health = _health(term, self.panel[term["metric"]])
            if term["when"]:
                applies = (self.panel[term["when"]["metric"]] == term["when"]["level"]) == term["when"]["holds"]
                health = np.where(applies, health, term["otherwise"])
            log_odds += term["log_odds"] * health
        return 1 / (1 + np.exp(log_odds))


def _health(term: dict, column: pd.Series) -> np.ndarray:
    if term["kind"] == "levels":
        return column.map(dict(term["levels"])).fillna(term["missing"]).to_numpy()
    known = column.notna().to_numpy()
    values = np.interp(column.fillna(0.0).to_numpy(), term["knots"], term["values"])
    return np.where(known, values, term["missing"])


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(write_demo(Path(tmp_path_factory.mktemp("demo")) / "company", customers=1500, seed=3))
