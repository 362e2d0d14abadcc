"""The demo's panel is the same in every engine, and at night what it is in training."""

from __future__ import annotations

import pytest

from chs_ml.history.asof.moments import AsOf
from chs_ml.history.demo import write_demo
from tests.history.asof.test_engines import engine_of, read, same  # noqa: F401 - a fixture

SPARK = pytest.param("spark", marks=[pytest.mark.slow, pytest.mark.timeout(600)])


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    write_demo(folder, customers=60, quarters=3, seed=2)
    return read(folder / "calibration.yaml")


@pytest.mark.parametrize("name", ["postgres", "mariadb", SPARK])
def test_every_engine_gives_the_demo_s_panel(case, engine_of, name):  # noqa: F811
    engine = engine_of(name)
    engine.load(case.tables)
    assert len(case.panel) > 100 and {row["churned"] for row in case.panel} >= {0, 1}
    same(engine.rows(case.query(engine.dialect)), case.panel)
    night = AsOf((case.when.days[-1],), None)
    metrics = [metric.name for metric in case.spec.metrics]
    last = [row for row in case.panel if row["cutoff"] == case.when.days[-1]]
    found = {row["customer"]: [row[name] for name in metrics] for row in engine.rows(case.query(engine.dialect, night))}
    assert found == {row["customer"]: [row[name] for name in metrics] for row in last}
