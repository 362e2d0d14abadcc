"""The MLflow model answers as the formula does: loaded, and served."""

from __future__ import annotations

import pytest

from chs_ml.tracking import save_model
from tests.export.conformance.formulas import FIXED
from tests.export.conformance.mlflow_engine import Loaded, Served
from tests.export.conformance.suite import check, with_many

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The fixed formulas with many vectors, and the folder of the model of each."""
    place = tmp_path_factory.mktemp("mlflow")
    found = {name: (with_many(make()), place / name) for name, make in FIXED.items()}
    for weights, folder in found.values():
        save_model(weights, folder)
    return found


def test_loaded_where_chs_ml_is_not_installed(models, tmp_path):
    engine = Loaded(tmp_path)
    try:
        for weights, engine.folder in models.values():
            assert check(engine, weights) >= 15
    finally:
        engine.close()
    (first, *_) = (folder for _, folder in models.values())
    assert engine.said["home"] == str(first / "code" / "chs_ml" / "formula")
    assert engine.said["rooms"] == ["errors", "formula"]


@pytest.mark.parametrize("name", FIXED)
def test_served(models, name):
    weights, folder = models[name]
    server = Served(folder)
    try:
        assert check(server, weights) >= 12
    finally:
        server.close()
    assert server.process.poll() is not None
