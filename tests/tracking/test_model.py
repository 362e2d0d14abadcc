"""The registered model: it loads without our package, answers as the formula does, and nothing in it is pickled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chs_ml.errors import TrackingError
from chs_ml.formula import Condition, Curve, Formula, Term, WeightsFile
from chs_ml.formula.kinds import kinds_of
from chs_ml.tracking import model, track_run
from chs_ml.tracking.store import mlflow_on

from .conftest import CYRILLIC, seal, small_formula, write_run

ROWS = {
    CYRILLIC: [0.0, 3.5, None, 40.0],
    "calls": [0, 2, 5, 1],
    "contract/type": ["Місячний", "Two year", None, "unheard of"],
    "charges": [20.0, 55.5, 90.0, float("nan")],
}

ALONE = """
import json, sys
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
import pandas as pd
import chs_ml.formula
with open(sys.argv[2], encoding="utf-8") as file:
    frame = pd.DataFrame(json.load(file))
answer = model.predict(frame)
rooms = sorted({name.split(".")[1] for name in sys.modules if name.startswith("chs_ml.")})
print(json.dumps({"answer": answer.to_dict("list"), "rooms": rooms, "home": chs_ml.formula.__path__[0]}))
"""


def loaded(store, address="models:/telco@challenger"):
    with mlflow_on(store, lambda _: None):
        import mlflow

        return mlflow.pyfunc.load_model(address)


def test_the_model_answers_as_the_formula(store, run_directory):
    track_run(run_directory, "telco")
    frame = pd.DataFrame(ROWS, index=[7, 8, 9, 10])
    answer, scored = loaded(store).predict(frame), small_formula().read(frame)
    assert list(answer.columns) == ["score", "churn_probability", "band", "band_by_score", "coverage"]
    assert list(answer.index) == [7, 8, 9, 10]
    for name in ("score", "churn_probability", "coverage"):
        np.testing.assert_allclose(answer[name], getattr(scored, name), rtol=0, atol=1e-12)
    assert list(answer["band"]) == list(scored.band)
    assert list(answer["band_by_score"]) == list(scored.band_by_score)


def test_a_column_may_be_absent_only_when_allowed(store, run_directory):
    track_run(run_directory, "telco")
    healthy, frame = loaded(store), pd.DataFrame(ROWS).drop(columns="calls")
    with pytest.raises(Exception, match="'calls' is not in the table"):
        healthy.predict(frame)
    answer = healthy.predict(frame, params={"allow_absent": True})
    expected = small_formula().read(frame, allow_absent=True)
    np.testing.assert_allclose(answer["score"], expected.score, rtol=0, atol=1e-12)


def test_the_signature_is_the_formulas_metrics(store, run_directory):
    track_run(run_directory, "telco")
    described = loaded(store).metadata
    assert [(column.name, column.required) for column in described.signature.inputs.inputs] == [
        (CYRILLIC, False), ("calls", False), ("contract/type", False), ("charges", False),
    ]  # fmt: skip
    assert described.metadata == {
        "digest": small_formula().digest,
        "kinds": {CYRILLIC: "number", "calls": "number", "contract/type": "level", "charges": "number"},
    }


def test_columns_may_be_of_any_type_that_the_formula_reads(store, run_directory):
    track_run(run_directory, "telco")
    frame = pd.DataFrame(
        {
            CYRILLIC: pd.array([1, None, 3], dtype="Int64"),
            "calls": np.array([1, 2, 3], dtype=np.int64),
            "contract/type": pd.Categorical(["Two year", None, "Місячний"]),
            "charges": ["20.5", "", None],
        }
    )
    np.testing.assert_array_equal(loaded(store).predict(frame)["score"], small_formula().score(frame))
    with pytest.raises(Exception, match="metric 'charges': 'dear' is not a number"):
        loaded(store).predict(frame.assign(charges="dear"))


def test_it_loads_where_the_package_is_not_installed(store, run_directory, work, tmp_path):
    track_run(run_directory, "telco")
    (logged,) = (work / "mlruns").glob("*/models/*/artifacts")
    (tmp_path / "rows.json").write_text(json.dumps(ROWS), encoding="utf-8")
    command = [sys.executable, "-I", "-c", ALONE, str(logged), str(tmp_path / "rows.json")]  # -I: no PYTHONPATH, no cwd
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert Path(said["home"]) == logged / "code" / "chs_ml" / "formula"
    assert said["rooms"] == ["errors", "formula"]
    scored = small_formula().read(ROWS)
    np.testing.assert_allclose(said["answer"]["score"], scored.score, rtol=0, atol=1e-9)
    assert said["answer"]["band"] == list(scored.band)


def test_nothing_is_pickled(store, run_directory, work):
    track_run(run_directory, "telco")
    files = [path for path in (work / "mlruns").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".py", ".txt", ".yaml", ".csv", ".svg", ""}
    assert {path.name for path in files if not path.suffix} == {"MLmodel", "registered_model_meta"}
    (described,) = (path.read_text() for path in files if path.name == "MLmodel")
    assert "loader_module: mlflow.pyfunc.loaders.code_model" in described
    assert "python_model" not in described


def test_it_names_what_it_needs(store, run_directory, work):
    track_run(run_directory, "telco")
    (path,) = (work / "mlruns").glob("*/models/*/artifacts/requirements.txt")
    names = {line.replace("=", " ").replace("<", " ").replace(">", " ").split()[0] for line in path.open()}
    assert names == {"mlflow", "numpy", "pandas", "rfc8785"}


def test_a_formula_written_by_hand_has_no_probability(store, tmp_path):
    formula = Formula((Term("nps", "satisfaction", "positive", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),))
    tracked = track_run(write_run(tmp_path / "hand", formula), "hand")
    assert tracked.alias == "challenger"
    answer = loaded(store).predict(pd.DataFrame({"nps": [5.0]}))
    assert answer["score"].tolist() == [50.0]
    assert answer["churn_probability"].isna().all()


def test_levels_in_conditions_are_text():
    term = Term("nps", "s", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5), otherwise=0.5,
                when=Condition("plan", level="Pro"))  # fmt: skip
    assert kinds_of(Formula((term,))) == {"nps": "number", "plan": "level"}


def test_another_answer_gets_no_alias(store, run_directory, tmp_path, monkeypatch):
    other = write_run(tmp_path / "other", small_formula(0.3)) / "weights.json"
    packed = model.packed
    monkeypatch.setattr(model, "packed", lambda weights, folder: packed(other, folder))
    with pytest.raises(TrackingError, match=r"telco version 1 .* answers otherwise .* did not become challenger\. The"):
        track_run(run_directory, "telco")
    with mlflow_on(store, lambda _: None) as client:
        assert client.get_registered_model("telco").aliases == {}
        experiment = client.get_experiment_by_name("telco").experiment_id
        assert [run.info.status for run in client.search_runs([experiment])] == ["FAILED"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path / "work")
    assert track_run(run_directory, "telco").model_version == 2


def test_vectors_that_disagree_get_no_alias(store, run_directory):
    weights = json.loads((run_directory / "weights.json").read_text(encoding="utf-8"))
    weights["vectors"][0]["score"] += 0.001
    (run_directory / "weights.json").write_text(json.dumps(weights), encoding="utf-8")
    seal(run_directory)
    assert WeightsFile.load(run_directory / "weights.json").formula == small_formula()
    with pytest.raises(TrackingError, match=r"the first: vector 0: score is"):
        track_run(run_directory, "telco")
