"""An experiment: found or made, searched for a run that is already there, and what is written into a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from chs_ml.errors import TrackingError
from chs_ml.tracking import records
from chs_ml.tracking.directory import RunDirectory

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

MOST_METRICS = 1000  # that MLflow takes in one batch
MOST_PARAMETERS = 100


def experiment_id_of(client: MlflowClient, name: str) -> str:
    """Return the id of the experiment, made if there is none."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # made by another process since
                raise
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise TrackingError(
            f"experiment {name!r} is deleted in MLflow; restore it there, or name another (tracking.experiment)"
        )
    return str(found.experiment_id)


def find_tracked(client: MlflowClient, experiment_id: str, tags: Mapping[str, str]) -> str | None:
    """Return the id of a finished run of the same formula from the same files, if there is one."""
    same = [f"tags.`{name}` = '{tags[name]}'" for name in ("chs.directory_digest", "chs.formula_digest")]
    found = client.search_runs([experiment_id], " and ".join(["attributes.status = 'FINISHED'", *same]), max_results=1)
    return str(found[0].info.run_id) if found else None


def run_name(run: RunDirectory) -> str:
    """Return a name for people: the formula's, its label, and enough of its digest to tell two apart."""
    return " ".join(filter(None, (run.weights.name, run.weights.label, run.weights.digest[:8])))


def log_records(client: MlflowClient, run_id: str, run: RunDirectory) -> None:
    """Log figures, parameters and the data to the run, in as few calls as MLflow allows."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in records.metrics(run).items()]
    parameters = [Param(name, value) for name, value in records.parameters(run).items()]
    for some_metrics, some_parameters in _batches(metrics, parameters):
        client.log_batch(run_id, metrics=some_metrics, params=some_parameters)
    data = records.dataset(run)
    if data:
        client.log_inputs(run_id, [DatasetInput(Dataset(**data), [InputTag("mlflow.data.context", "training")])])


def _batches(metrics: list[Metric], parameters: list[Param]) -> Iterator[tuple[list[Metric], list[Param]]]:
    """One batch as a rule; wide formulas need more."""
    room = MOST_METRICS - MOST_PARAMETERS
    for turn in range(max(-(-len(metrics) // room), -(-len(parameters) // MOST_PARAMETERS))):
        some = parameters[turn * MOST_PARAMETERS : (turn + 1) * MOST_PARAMETERS]
        yield metrics[turn * room : (turn + 1) * room], some
