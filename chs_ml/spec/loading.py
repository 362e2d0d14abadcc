"""The spec's file → CalibrationSpec, or one SpecError with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chs_ml.errors import SpecError
from chs_ml.spec.calibration import CalibrationSpec
from chs_ml.spec.complaints import complaints
from chs_ml.spec.expansion import unset
from chs_ml.spec.splits import as_written
from chs_ml.spec.tree import Unreadable, read_tree


def load_spec(path: str | Path) -> CalibrationSpec:
    """Read a ``calibration.yaml``; paths in it are relative to its folder. SpecError lists every problem found."""
    path = Path(path)
    tree, lines = _tree_of(path)
    try:
        spec = CalibrationSpec.model_validate(tree, context={"folder": path.parent, "file": path.name})
    except ValidationError as error:
        said = sorted(
            complaints(error, CalibrationSpec),
            key=lambda one: lines.get(_nearest_key(as_written(one[0], lines), lines), 0),
        )
        raise SpecError(*(_placed(path.name, lines, *one) for one in said)) from None
    missing = [_placed(path.name, lines, where, said) for where, said in _unset_variables(spec)]
    if missing:
        raise SpecError(*missing)
    return spec


def spec_schema() -> dict[str, Any]:
    """The spec's JSON Schema, for editors that complete and check YAML."""
    schema = CalibrationSpec.model_json_schema(by_alias=True, mode="validation")
    required = [name for name in schema["required"] if name != "data"]  # it stands for raw history where that is said
    return schema | {
        "required": required,
        "oneOf": [{"required": ["data"]}, {"required": ["history"]}],
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "chs-ml calibration spec",
    }


def _tree_of(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        tree, lines = read_tree(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path.name}: not UTF-8 text. Save the spec as UTF-8.") from None
    except Unreadable as error:
        raise SpecError(_placed(path.name, {"": error.line} if error.line else {}, "", f"{error}.")) from None
    if not isinstance(tree, dict):
        raise SpecError(f"{path.name}: found no keys; a spec begins with `name:`. `chs-ml init TABLE` writes one.")
    return tree, lines


def _placed(file: str, lines: Mapping[str, int], where: str, said: str) -> str:
    """One line: the file with the line number of the key (or of what it stands in), the key, the sentence."""
    if not where and ": " in said:
        where, _, rest = said.partition(": ")
        where = as_written(where, lines)
        where, said = (where, rest) if where in lines else ("", said)
    where = as_written(where, lines)
    near = _nearest_key(where, lines)
    line = f", line {lines[near]}" if near in lines else ""
    return f"{file}{line}: {where}: {said}" if where else f"{file}{line}: {said}"


def _nearest_key(where: str, lines: Mapping[str, int]) -> str:
    """The key itself, or where it is absent the innermost one around it."""
    while where and where not in lines:
        where = where[: max(where.rfind("."), where.rfind("["), 0)]
    return where


def _unset_variables(spec: CalibrationSpec) -> Iterator[tuple[str, str]]:
    named = [(where, text) for where, table in spec.tables.items() for text in (table.file, table.url)]
    named.append(("calibration.anchor.file", spec.calibration.anchor.file))
    named.append(("baseline.formula", spec.baseline.formula if spec.baseline else None))
    for where, text in named:
        for name in unset(text or ""):
            yield where, f"variable {name} is not set. Set it, or write ${{{name}:-default}}."
