"""The whole spec, and what its sections must agree on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from chs_ml.errors import SpecError
from chs_ml.formula.wishes import Wishes
from chs_ml.spec.bands import PRESETS, Bands, Cut, cuts_between
from chs_ml.spec.data import Data
from chs_ml.spec.expansion import expand
from chs_ml.spec.history import History
from chs_ml.spec.measuring import data_of_a_panel, problems_of_measuring
from chs_ml.spec.metrics import Metric
from chs_ml.spec.nearest import nearest
from chs_ml.spec.part import SpecPart, Text
from chs_ml.spec.pasts import problems_of_pasts
from chs_ml.spec.settings import Baseline, Calibration, Rule, ScoreWhen, Tracking, Validation
from chs_ml.spec.splits import problems_of_splits
from chs_ml.spec.table import Table
from chs_ml.spec.weights import Pillar
from chs_ml.spec.wishes import Wishing


class CalibrationSpec(SpecPart):
    """What the user asked for; every default is filled in, nothing has been read yet."""

    name: str = Field(
        pattern=r"^\w[\w.-]{0,63}$",
        description="short name of letters, digits, dot, dash and underscore, for instance telco",
    )
    label: Text | None = Field(None, description="human name of the formula, for instance 2026Q4")
    owner: Text | None = Field(None, description="who answers for the formula")
    because: Text | None = Field(None, description="why it is calibrated now")
    data: Data = Field(description="{table, customer, outcome: {column, churned}, cutoff}")
    history: History | None = Field(
        None, description="{accounts, tables, cutoffs, horizon}: raw history, in the place of data"
    )
    metrics: tuple[Metric, ...] = Field(min_length=1, description="list of {name, pillar, direction, …}")
    pillars: tuple[Pillar, ...] = Field((), description="list of {name, weight}: what is wished of a whole pillar")
    calibration: Calibration = Field(default_factory=lambda: Calibration.model_validate({}))
    validation: Validation = Field(default_factory=lambda: Validation.model_validate({}))
    baseline: Baseline | None = Field(None, description="{column} or {formula}: the score in use today")
    bands: Bands = Field(
        PRESETS["quartiles"], validate_default=True, description="a preset, or a list from the best band down"
    )
    rules: tuple[Rule, ...] = Field((), description="list of {when, band, because}")
    score_when: ScoreWhen | None = Field(None, description="{coverage, metric: {from}}")
    tracking: Tracking = Field(default_factory=lambda: Tracking.model_validate({}))

    _folder: Path = PrivateAttr(default=Path())
    _file: str = PrivateAttr(default="the spec")

    @model_validator(mode="before")
    @classmethod
    def _names_the_columns_of_a_panel(cls, said: Any) -> Any:
        """Raw history becomes a labelled table with columns that are always called the same."""
        if not isinstance(said, dict) or "history" not in said:
            return said
        if "data" in said:
            raise ValueError("found data and history; a spec has a labelled table or raw history. Remove one")
        return {**said, "data": data_of_a_panel(said["history"])}

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        problems = list(_contradictions(self))
        if problems:
            raise ValueError("\n".join(problems))
        if info.context:
            self._folder, self._file = info.context["folder"], info.context["file"]
        return self

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The cuts between the bands, from the best down; one fewer than bands."""
        return cuts_between(self.bands)

    @property
    def bands_said(self) -> bool:
        """Whether somebody chose the bands, or a rule names one."""
        return "bands" in self.model_fields_set or bool(self.rules)

    @property
    def wishes(self) -> Wishes:
        """The weights that are wished, who wishes them and why."""
        return Wishing(self.metrics, self.pillars, self.owner, self.because).wishes()

    def metric(self, name: str) -> Metric:
        """The metric of that name; KeyError if the spec has none."""
        return {metric.name: metric for metric in self.metrics}[name]

    def with_role(self, role: str) -> tuple[Metric, ...]:
        """The metrics of one role, in the spec's order."""
        return tuple(metric for metric in self.metrics if metric.role == role)

    @property
    def tables(self) -> dict[str, Table]:
        """Every table that the spec reads, by its path in the spec."""
        if self.history is None:
            return {"data.table": self.data.table}
        return {f"history.{where}.table": table for where, table in self.history.read.items()}

    @property
    def file(self) -> str:
        """The name of its file, for messages."""
        return self._file

    def locate(self, path: str) -> Path:
        """A path as the user wrote it → where it is: variables expanded, relative to the spec's folder."""
        where = expand(path)
        if "://" in where:
            raise SpecError("a path of the spec is an address; tables are read from files. Give the path of a file.")
        return self._folder / where

    def resolved(self) -> dict[str, Any]:
        """The spec with every default filled in, as plain values that read back to an equal spec; paths as written."""
        derived = {"data"} if self.history else set()
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=derived)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the resolved spec, the same however the file was formatted."""
        text = json.dumps(self.resolved(), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _contradictions(spec: CalibrationSpec) -> Iterator[str]:
    yield from _metrics_apart(spec)
    yield from problems_of_measuring(spec.history, spec.metrics)
    if spec.history and spec.baseline and spec.baseline.column:
        yield "baseline.column: a panel from raw history has no score in use today. Give baseline: {formula}"
    yield from Wishing(spec.metrics, spec.pillars, spec.owner, spec.because).problems()
    yield from _row_weights_served(spec)
    yield from problems_of_pasts(spec.metrics, spec.calibration.anchor.file)
    if spec.calibration.anchor.strength != "auto" and spec.calibration.anchor.file is None:
        yield "calibration.anchor.strength: found without a file to be pulled towards. Add file, or remove the anchor"
    for at, rule in enumerate(spec.rules):
        names = [band.name for band in spec.bands]
        if rule.band not in names:
            yield f"rules[{at}].band: found {rule.band!r}; a rule gives one of the bands. {nearest(rule.band, names)}"
        yield from _condition_served(spec, f"rules[{at}].when", rule.when.metric, rule.when.level is None)
    if spec.score_when:
        for name in spec.score_when.at_least:
            yield from _condition_served(spec, "score_when", name, True)
    yield from problems_of_splits(spec.calibration.splits, spec.metrics)
    for at, split in enumerate(spec.calibration.splits.fixed):
        when = split.when
        yield from _condition_served(spec, f"calibration.splits[{at}].when", when.metric, when.level is None)
    if spec.validation.holdout.from_ and not spec.data.cutoff:
        yield "validation.holdout.from: needs the cutoff of each row. Add data.cutoff, or hold out a share of customers"


def _row_weights_served(spec: CalibrationSpec) -> Iterator[str]:
    weights = spec.calibration.row_weights
    if weights.recency and not spec.data.cutoff:
        yield "calibration.row_weights.recency: needs the cutoff of each row. Add data.cutoff, or remove recency"
    if weights.revenue and not spec.data.revenue:
        yield "calibration.row_weights.revenue: needs the revenue of each row. Add data.revenue, or remove it here"


def _metrics_apart(spec: CalibrationSpec) -> Iterator[str]:
    names = [metric.name for metric in spec.metrics]
    taken = {
        spec.data.customer: "data.customer",
        spec.data.outcome.column: "data.outcome",
        spec.data.cutoff: "data.cutoff",
    }
    if spec.baseline:
        taken[spec.baseline.column] = "baseline.column"
    for at, metric in enumerate(spec.metrics):
        if metric.name in names[:at]:
            yield f"metrics[{at}].name: found {metric.name!r} a second time; each metric is named once. Remove one"
        if metric.name in taken and metric.role == "metric":
            found = f"found {metric.name!r}, which is {taken[metric.name]}"
            yield f"metrics[{at}].name: {found}; a metric has a column of its own. Remove it"
    if not spec.with_role("metric"):
        yield "metrics: found none with role: metric; a formula needs at least one. Give one the role metric"


def _condition_served(spec: CalibrationSpec, path: str, name: str, wants_number: bool) -> Iterator[str]:
    served = {metric.name: metric for metric in spec.with_role("metric")}
    if name not in served:
        yield f"{path}: found metric {name!r}; a condition needs one with role: metric. {nearest(name, served)}"
    elif wants_number and served[name].kind == "category":
        yield f"{path}: metric {name!r} is a category; it has levels, not numbers. Use level, or kind: number"
    elif not wants_number and served[name].kind == "number":
        yield f"{path}: metric {name!r} is a number; a level belongs to a category. Use above, or kind: category"
