"""The registered model: packed from code and one JSON file, and loaded back before anybody is pointed to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chs_ml.formula
from chs_ml.formula.formula import Formula
from chs_ml.formula.kinds import kinds_of
from chs_ml.formula.vectors import TOLERANCE, check_vectors, read_input
from chs_ml.formula.weights_file import WeightsFile

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACT = "model"
REQUIREMENTS = ["numpy>=2.1,<3", "pandas>=2.3,<4", "rfc8785>=0.1.4,<0.2"]
OUTPUTS = ("score", "churn_probability", "band", "band_by_score", "coverage")
_TEXT_OUTPUTS = ("band", "band_by_score")
# Where the package is installed beside the model, its other rooms are still found.
_EXTENDED = '\n__path__ = __import__("pkgutil").extend_path(__path__, __name__)\n'


def log_model(client: MlflowClient, experiment_id: str, run_id: str, weights: Path) -> str:
    """Log the model of a weights file to the run; return its id.

    The logged model is made here because mlflow would put it into the active experiment, not into the run's.
    """
    import mlflow
    from mlflow.models import Model

    model = client.create_logged_model(experiment_id, name=ARTIFACT, source_run_id=run_id)
    with tempfile.TemporaryDirectory() as folder:
        Model.log(
            artifact_path=None,
            flavor=mlflow.pyfunc,
            name=ARTIFACT,
            model_id=model.model_id,
            run_id=run_id,
            **packed(weights, Path(folder)),
        )
    return str(model.model_id)


def packed(weights: Path, folder: Path) -> dict[str, Any]:
    """Return what MLflow takes a model from.

    What the model needs is copied into ``folder``, so that no path of the run directory or of the installation is
    recorded.
    """
    formula = Formula.load(weights)
    package = Path(chs_ml.formula.__path__[0]).parent
    copy = folder / "code" / package.name
    shutil.copytree(package / "formula", copy / "formula", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(package / "errors.py", copy / "errors.py")
    face = package / "__init__.py"
    (copy / "__init__.py").write_text((face.read_text("utf-8") if face.exists() else "") + _EXTENDED, "utf-8")
    shutil.copyfile(package / "tracking" / "model_code.py", folder / "model_code.py")
    shutil.copyfile(weights, folder / "weights.json")
    return {
        "python_model": str(folder / "model_code.py"),
        "artifacts": {"weights": str(folder / "weights.json")},
        "code_paths": [str(copy)],
        "signature": signature_of(formula),
        "pip_requirements": REQUIREMENTS,
        "metadata": {"digest": formula.digest, "kinds": kinds_of(formula)},
    }


def register(client: MlflowClient, name: str, model_id: str, run_id: str, tags: Mapping[str, str]) -> int:
    """Make the logged model the next version of the registered model ``name``; return the version."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        name, f"models:/{model_id}", run_id=run_id, tags=dict(tags), model_id=model_id, await_creation_for=60
    )
    return int(version.version)


def signature_of(formula: Formula) -> Any:
    """Return what goes in and comes out: the metrics by name, any value may be missing.

    Inputs have MLflow's type "any": as doubles it would refuse the int64 columns in which counts come, as strings the
    categories that are written as numbers or flags. The formula reads them all, and refuses what is no number.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

    anything = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(anything, name, required=False) for name in formula.metrics]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("string" if name in _TEXT_OUTPUTS else "double", name, required=False) for name in OUTPUTS
    ]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema([ParamSpec("allow_absent", "boolean", False)]))


def differences(weights: WeightsFile, address: str) -> list[str]:
    """Load the model at an address and score the weights file's vectors; return where it answers otherwise."""
    import mlflow

    own = check_vectors(weights)
    if own:
        return own
    answers = mlflow.pyfunc.load_model(address).predict(_frame(weights))
    scored = weights.formula.read(_frame(weights))
    found = [
        f"row {i}: {output} is {got}, the formula says {want}"
        for output in OUTPUTS
        if getattr(scored, output) is not None
        for i, (want, got) in enumerate(zip(getattr(scored, output), answers[output], strict=True))
        if not _same(want, got)
    ]
    for output in ("score", "churn_probability", "band"):
        pairs = zip((vector[output] for vector in weights.vectors), answers[output], strict=True)
        found += [
            f"vector {i}: {output} is {got}, written {want}"
            for i, (want, got) in enumerate(pairs)
            if not _same(want, got)
        ]
    return found


def _frame(weights: WeightsFile) -> Any:
    """The inputs of the vectors, with every form of missing that they have."""
    import pandas as pd

    rows = [vector["inputs"] for vector in weights.vectors]
    names = weights.formula.metrics
    return pd.DataFrame({name: pd.Series([read_input(row[name]) for row in rows], dtype=object) for name in names})


def _same(want: Any, got: Any) -> bool:
    if want is None:
        return got is None or got != got  # noqa: PLR0124 - NaN
    return bool(want == got) if isinstance(want, str) else bool(abs(want - got) <= TOLERANCE)
