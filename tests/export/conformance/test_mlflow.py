"""The MLflow model answers as the formula does: loaded, and served."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from chs_ml.formula import Curve, Formula, Levels, Term, WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.tracking import save_model
from tests.export.conformance import hostile
from tests.export.conformance.formulas import FIXED
from tests.export.conformance.hostile import _fits as fits
from tests.export.conformance.hostile import _folded as folded
from tests.export.conformance.mlflow_engine import Loaded, Served
from tests.export.conformance.suite import check, with_many

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The fixed formulas with many vectors, and the folder of the model of each."""
    place = tmp_path_factory.mktemp("mlflow")
    found = {name: (with_many(make()), place / name) for name, make in FIXED.items()}
    for weights, folder in found.values():
        save_model(weights, folder)
    return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    engine = Loaded(tmp_path_factory.mktemp("loaded"))
    yield engine
    engine.close()


def test_loaded_where_chs_ml_is_not_installed(models, loaded):
    for weights, loaded.folder in models.values():
        assert check(loaded, weights) >= 15
    assert loaded.said["rooms"] == ["errors", "formula"]
    assert loaded.said["home"].endswith("code/chs_ml/formula")
    assert not loaded.said["home"].startswith(str(ROOT))


def test_a_thousand_hostile_names_and_levels_are_data(loaded, tmp_path):
    weights = crowded()
    save_model(weights, tmp_path / "model")
    loaded.folder = tmp_path / "model"
    assert check(loaded, weights) >= 5
    (*names, plan), texts = weights.formula.metrics, weights.formula.terms[-1].shape.names
    assert len(names) + len(texts) >= 1000
    rows = [{**dict.fromkeys(names, float(at % 2)), plan: text} for at, text in enumerate(texts)]
    scores = [one.score for one in loaded.answers(weights, rows)]
    assert scores == pytest.approx(weights.formula.score(frame_of(rows)).tolist(), rel=0, abs=1e-9)


def crowded() -> WeightsFile:
    """Forty metrics and a thousand levels, each named as somebody's data could and nobody would like."""
    pairs = (first + second for first, second in product(hostile.PIECES, repeat=2))
    found = {folded(text): text for text in (*hostile.PIECES, *pairs) if fits(text)}
    (plan, *names), texts = list(found.values())[:41], list(found.values())[41:1041]
    ramp = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    table = Levels(tuple((text, (at % 11) / 10.0) for at, text in enumerate(texts)), 0.5, 0.25)
    terms = [Term(name, "", "positive", 0.0125, ramp) for name in names]
    return WeightsFile(Formula((*terms, Term(plan, "", "free", 0.5, table))), "crowded")


@pytest.mark.parametrize("name", FIXED)
def test_served(models, name):
    weights, folder = models[name]
    server = Served(folder)
    try:
        assert check(server, weights) >= 12
    finally:
        server.close()
    assert server.process.poll() is not None
