"""What MLflow is told about a run: parameters, metrics, tags, the data. No rows, no customers, no addresses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from chs_ml.explain.sureness import SYMBOL, left_out, sureness_of
from chs_ml.formula.terms import Term
from chs_ml.formula.weights_file import WeightsFile
from chs_ml.tracking.address import without_credentials
from chs_ml.tracking.directory import RunDirectory
from chs_ml.tracking.names import allowed_names

LONGEST_PARAMETER = 500  # what older stores hold; newer ones take 6000
LONGEST_TAG = 5000
LONGEST_DIGEST = 36
TRAINING_TAGS = ("spec_digest", "data_digest", "git_commit", "package_version")


def parameters(run: RunDirectory) -> dict[str, str]:
    """Return what was asked for and what was chosen, flattened to dotted names."""
    formula = run.weights.formula
    found = dict(_flat("calibration", run.spec.get("calibration")))
    found |= dict(_flat("validation", run.spec.get("validation")))
    found |= dict(_flat("choices", run.evaluation.get("choices")))
    found |= {"formula.metrics": len(formula.metrics), "formula.terms": len(formula.terms)}
    found |= {"formula.bands": len(formula.bands), "formula.rules": len(formula.rules)}
    found |= {"formula.splits": len({term.metric for term in formula.terms if term.when is not None})}
    found |= _evidence(run.weights)
    names = allowed_names("", found)
    return {name: _text(value)[:LONGEST_PARAMETER] for name, value in zip(names, found.values(), strict=True)}


def metrics(run: RunDirectory) -> dict[str, float]:
    """Return every figure of the holdout and the baselines, cross-validation, shares of bands, weights and verdicts."""
    evaluation = run.evaluation
    found = {name: value for name, value in _flat("holdout", evaluation.get("holdout"))}
    for name, figures in _mapping(evaluation.get("baselines")).items():
        found |= {f"baseline.{name}.{figure}": value for figure, value in _mapping(figures).items()}
    cross = _mapping(evaluation.get("cross_validation"))
    found |= {f"cross_validation.{figure}": value for figure, value in _mapping(cross.get("mean", cross)).items()}
    found |= _bands(evaluation.get("bands"))
    numbers = {name: float(value) for name, value in found.items() if _is_number(value)}
    figures = dict(zip(allowed_names("", numbers), numbers.values(), strict=True))
    return figures | weights(run.weights) | verdicts(run.weights)


def weights(file: WeightsFile) -> dict[str, float]:
    """Return ``weight.<term>`` of each term; ``weight_low.<term>``, ``weight_high.<term>`` where it has an interval."""
    terms, sure = file.formula.terms, sureness_of(file)
    found = dict(zip(_named("weight.", terms), (term.weight for term in terms), strict=True))
    for at, prefix in enumerate(("weight_low.", "weight_high.")):
        for name, term in zip(_named(prefix, terms), terms, strict=True):
            interval = sure[term.key].interval
            found |= {} if interval is None else {name: interval[at]}
    return found


def verdicts(file: WeightsFile) -> dict[str, float]:
    """Return ``verdict.<verdict>``, the number of terms that have it; {} where the file holds none."""
    said = [one.verdict for one in sureness_of(file).values()]
    return {f"verdict.{verdict}": float(said.count(verdict)) for verdict in SYMBOL} if any(said) else {}


def tags(run: RunDirectory) -> dict[str, str]:
    """Return what the run is found by: digests, versions, label."""
    training = run.weights.training
    found = {f"chs.{name}": training.get(name) for name in TRAINING_TAGS}
    found["chs.data_digest"] = found["chs.data_digest"] or _mapping(run.evaluation.get("data")).get("digest")
    found |= {"chs.formula_digest": run.weights.digest, "chs.directory_digest": run.digest}
    found |= {"chs.name": run.weights.name, "chs.label": run.weights.label}
    found |= {"mlflow.source.name": "chs-ml", "mlflow.source.git.commit": found["chs.git_commit"]}
    return {name: _text(value)[:LONGEST_TAG] for name, value in found.items() if value}


def dataset(run: RunDirectory) -> dict[str, str] | None:
    """Return name, digest, source and profile of the data as MLflow keeps them; None where nothing is known."""
    data = _mapping(run.evaluation.get("data"))
    digest = tags(run).get("chs.data_digest")
    sources = [_mapping(source) for source in data.get("sources") or ()]
    names = [_file_name(_text(source["name"])) for source in sources if source.get("name")]
    if not digest:
        return None
    counts = {key: data[key] for key in ("rows", "customers", "churned") if _is_number(data.get(key))}
    said = [{"name": name, "sha256": source.get("sha256")} for name, source in zip(names, sources, strict=False)]
    return {
        "name": (" + ".join(names) or run.weights.name)[:LONGEST_PARAMETER],
        "digest": digest[:LONGEST_DIGEST],
        "source_type": "local",
        "source": json.dumps({"uri": names[0] if names else "", "files": said}, ensure_ascii=False),
        "profile": json.dumps(counts),
    }


def _named(prefix: str, terms: Sequence[Term]) -> list[str]:
    return allowed_names(prefix, (term.key for term in terms))


def _evidence(file: WeightsFile) -> dict[str, Any]:
    """Return the rule by which terms leave (usual, strict or all), and how many left; {} where the papers hold none."""
    rule = file.training.get("evidence")
    return {"formula.evidence": rule, "formula.left_out": len(left_out(file))} if isinstance(rule, str) else {}


def _bands(bands: Any) -> dict[str, Any]:
    groups = [group for group in bands or () if isinstance(group, dict) and _is_number(group.get("customers"))]
    everybody = sum(group["customers"] for group in groups)
    found: dict[str, Any] = {}
    for group in groups:
        found[f"band.{group.get('name')}.share"] = group["customers"] / everybody if everybody else None
        found[f"band.{group.get('name')}.churn_rate"] = group.get("churn_rate")
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    elif isinstance(value, list):
        if value and not any(isinstance(part, dict | list) for part in value):  # whole tables are in evaluation.json
            yield name, value
    elif value is not None:
        yield name, value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return without_credentials(_file_name(value) if _is_absolute(value) else value)
    return without_credentials(json.dumps(value, ensure_ascii=False))


def _is_absolute(text: str) -> bool:
    return PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()


def _file_name(text: str) -> str:
    """The last part of a path of any system: where a table lies on somebody's disk is nobody else's business."""
    return PureWindowsPath(PurePosixPath(text).name).name or text
