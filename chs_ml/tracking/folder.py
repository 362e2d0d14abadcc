"""The model as a folder, without a run: what ``mlflow.pyfunc.load_model`` and ``mlflow models serve`` take."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chs_ml.errors import ChsError, TrackingError
from chs_ml.formula.atomic import write_folder
from chs_ml.formula.weights_file import WeightsFile
from chs_ml.tracking.model import differences, packed
from chs_ml.tracking.store import quiet


def save_model(weights: WeightsFile, folder: str | Path) -> None:
    """Write the model of a weights file into a new folder: whole, or not at all.

    Raises:
        OutputError: if the folder is there already and holds anything, or if it cannot be written.
        TrackingError: as ``model_files`` does.
    """
    write_folder(Path(folder), model_files(weights))


def model_files(weights: WeightsFile) -> dict[str, str]:
    """Return the files of the model by path: MLflow's own papers, code, and weights.json; all of them are text.

    It needs mlflow, numpy, pandas and rfc8785 where it is loaded, but no chs_ml: the part that scores lies inside. No
    store is asked or made. MLflow notes an id and the time, so no two are the same.

    Raises:
        TrackingError: if MLflow fails, or the model was loaded back and answers otherwise than the weights file says.
    """
    with tempfile.TemporaryDirectory() as place:
        file, model = Path(place) / "weights.json", Path(place) / "model"
        weights.save(file)
        try:
            files, found = _saved(weights, file, model)
        except ChsError:
            raise
        except Exception as error:  # whatever mlflow raises
            said = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            raise TrackingError(f"MLflow did not take the model: {said}") from None
    if found:
        raise TrackingError(
            f"the model was loaded back and answers otherwise than the formula ({len(found)} differences, the first: "
            f"{found[0]}). Calibrate again"
        )
    return files


def _saved(weights: WeightsFile, file: Path, model: Path) -> tuple[dict[str, str], list[str]]:
    """Save the model and load it back; return its files, and where it answers otherwise."""
    with quiet():
        import mlflow

        parts = file.parent / "parts"
        parts.mkdir()
        mlflow.pyfunc.save_model(model, **packed(file, parts))
        written = (path for path in sorted(model.rglob("*")) if path.is_file())
        files = {path.relative_to(model).as_posix(): path.read_bytes().decode() for path in written}
        return files, differences(weights, str(model))
