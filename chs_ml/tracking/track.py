"""A finished run directory → MLflow: found if it is there, else logged, registered, checked and named challenger."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from chs_ml.errors import ChsError, TrackingError
from chs_ml.tracking import records
from chs_ml.tracking.address import check_reachable, patience_of_user, resolve, scrubbed, shown
from chs_ml.tracking.directory import MANIFEST, RunDirectory
from chs_ml.tracking.experiment import experiment_id_of, find_tracked, log_records, run_name
from chs_ml.tracking.lifecycle import close_orphans, open_run, sigterm_raises
from chs_ml.tracking.model import differences, log_model, register
from chs_ml.tracking.names import model_named
from chs_ml.tracking.store import Note, alone, mlflow_on

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "challenger"


@dataclass(frozen=True, slots=True)
class Tracked:
    """Where a run is in MLflow.

    alias: ``challenger``, or None where another version has it by now. model_version: None where somebody deleted it.
    uri_shown: the store's address without credentials. already: the run was there before; nothing was sent.
    """

    run_id: str
    experiment: str
    model_name: str
    model_version: int | None
    alias: str | None
    uri_shown: str
    already: bool = False


def track_run(
    directory: Path,
    experiment: str | None = None,
    *,
    uri: str | None = None,
    model_name: str | None = None,
    note: Note = lambda _: None,
) -> Tracked:
    """Send a finished run directory to MLflow; it is only read. Sent twice, it is found, not doubled.

    experiment: omitted: the one that the spec names, or the spec's own name. uri: the store; omitted:
    MLFLOW_TRACKING_URI, or sqlite:///mlflow.db in the working directory. model_name: in the registry; omitted: the
    name in the weights file. note: told what takes long.

    Raises:
        DataError: if the directory is unfinished or has been changed.
        TrackingError: if MLflow cannot be reached, refuses, or answers otherwise than the formula.
    """
    directory = Path(directory)
    run = RunDirectory.read(directory)
    safe = f"The results are safe in {directory}; `chs-ml track {directory}` sends them later"
    chosen = uri or ""
    try:
        chosen = resolve(uri)
        check_reachable(chosen, patience_of_user())
        with sigterm_raises(), mlflow_on(chosen, note) as client:
            wanted = Tracked(
                "", experiment or run.experiment, model_named(model_name or run.weights.name), None, None, shown(chosen)
            )
            return _tracked(client, run, wanted, chosen)
    except TrackingError as error:
        raise TrackingError(f"{scrubbed(str(error), chosen)}. {safe}") from None
    except ChsError:
        raise
    except Exception as error:  # whatever mlflow, its database and its server raise: nothing of ours is lost
        said = scrubbed(" ".join(f"{type(error).__name__}: {error}".split())[:500], chosen)
        raise TrackingError(f"MLflow at {shown(chosen)} did not take the run: {said}. {safe}") from None


def _tracked(client: MlflowClient, run: RunDirectory, wanted: Tracked, uri: str) -> Tracked:
    experiment_id = experiment_id_of(client, wanted.experiment)
    close_orphans(client, experiment_id)
    tags = records.tags(run)
    earlier = find_tracked(client, experiment_id, tags)
    if earlier:
        return _found(client, wanted, earlier)
    run.refuse_passwords()
    with open_run(client, experiment_id, run_name(run), tags) as run_id:
        with tempfile.TemporaryDirectory() as folder:
            # Copied first, so that what is sent is what was checked, and nothing else that lies there.
            copy = _copied(run, Path(folder))
            model_id = log_model(client, experiment_id, run_id, copy / "weights.json")
            log_records(client, run_id, run)
            client.log_artifacts(run_id, str(copy))
        with alone(uri):
            version = register(client, wanted.model_name, model_id, run_id, tags)
        _check(run, wanted.model_name, version)
        client.set_registered_model_alias(wanted.model_name, ALIAS, str(version))
    return replace(wanted, run_id=run_id, model_version=version, alias=ALIAS)


def _check(run: RunDirectory, name: str, version: int) -> None:
    """Refuse the alias to a model that answers otherwise than the formula."""
    found = differences(run.weights, f"models:/{name}/{version}")
    if found:
        raise TrackingError(
            f"model {name} version {version} was loaded back and answers otherwise than the formula "
            f"({len(found)} differences, the first: {found[0]}), so it did not become {ALIAS}"
        )


def _found(client: MlflowClient, wanted: Tracked, run_id: str) -> Tracked:
    """Say where an earlier call has put the run."""
    versions = client.search_model_versions(f"run_id = '{run_id}'")
    if not versions:
        return replace(wanted, run_id=run_id, already=True)
    latest = max(versions, key=lambda version: int(version.version))
    holder = client.get_registered_model(latest.name).aliases.get(ALIAS)
    alias = ALIAS if str(holder) == str(latest.version) else None
    found = replace(wanted, run_id=run_id, model_name=latest.name, model_version=int(latest.version))
    return replace(found, alias=alias, already=True)


def _copied(run: RunDirectory, folder: Path) -> Path:
    for name in (*run.files, MANIFEST):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.path / name, folder / name)
    RunDirectory.read(folder)
    return folder
