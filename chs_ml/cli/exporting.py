"""``chs-ml export``: the formula in a form that another scorer reads, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chs_ml.cli.options import Json, Quiet

if TYPE_CHECKING:
    from chs_ml.export import Options, Written
    from chs_ml.formula import WeightsFile
    from chs_ml.spec import CalibrationSpec

NO_TEXT = "export: {} is no text. Give -o, where to write it."


def export(
    weights: Annotated[Path | None, typer.Argument(metavar="WEIGHTS", help="A weights file, or a run.")] = None,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="One of --list.")] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write. [default: stdout]")] = None,
    dialect: Annotated[str | None, typer.Option("--dialect", help="Of which database: sql, dbt.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="The table to score: sql. [default: customers]")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The id column. [default: as in training]")] = None,
    self_test: Annotated[bool, typer.Option("--self-test", help="A query that returns only mismatches: sql.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the targets.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the formula in a form that another scorer reads."""
    from chs_ml.cli.endings import files_of, read_weights
    from chs_ml.cli.output import spare
    from chs_ml.cli.talk import answer_json, answer_text, check_folder, say
    from chs_ml.errors import ChsError
    from chs_ml.export import Options
    from chs_ml.export.targets import ELSEWHERE, TARGETS

    known = {**TARGETS, **ELSEWHERE}
    if listed:
        answer_list({name: one.says for name, one in known.items()}, as_json=as_json)
        return
    if weights is None or not target:
        raise ChsError(f"export: give WEIGHTS and a TARGET, one of: {', '.join(known)}.")
    if output is not None:
        check_folder(output)
        spare(output, *files_of(weights))
    elif target in ELSEWHERE:
        raise ChsError(NO_TEXT.format(target))  # before the seconds that it takes
    elif as_json:
        raise ChsError("export --json: says what was written where; give -o, or --list.")
    options = Options(dialect, table, key, self_test, spec_beside(weights))
    written = exported(read_weights(weights, quiet=quiet), target, options)
    if output is None:
        if not isinstance(written, str):
            raise ChsError(NO_TEXT.format(target))
        answer_text(written)
        return
    put(written, output)
    if as_json:
        answer_json({"target": target, "output": str(output)})
    say(f"wrote {output}", quiet=quiet)


def answer_list(targets: dict[str, str], *, as_json: bool) -> None:
    """Print each target with what it is."""
    from chs_ml.cli.talk import answer_json

    if as_json:
        answer_json(targets)
        return
    width = max(map(len, targets))
    print("\n".join(f"{name:{width}}  {says}" for name, says in targets.items()))


def exported(weights: WeightsFile, target: str, options: Options) -> Written:
    """Return what a target writes, be it a pure function's or MLflow's."""
    from chs_ml.export import export
    from chs_ml.export.targets import ELSEWHERE, refuse_the_rest

    if target not in ELSEWHERE:
        return export(weights, target, options)
    refuse_the_rest(target, ELSEWHERE[target], options)
    from chs_ml.tracking.folder import model_files

    return model_files(weights)


def spec_beside(weights: Path) -> CalibrationSpec | None:
    """Return the spec of a run directory, None beside a weights file that stands alone."""
    from chs_ml.spec import load_spec

    spec = (weights if weights.is_dir() else weights.parent) / "spec.yaml"
    return load_spec(spec) if spec.is_file() else None


def put(written: Written, output: Path) -> None:
    """Write a file, or a folder that is not there yet: whole, or not at all."""
    from chs_ml.cli.stopping import either_way, if_stopped
    from chs_ml.formula.atomic import write_folder, write_whole

    if_stopped(either_way(output))
    if isinstance(written, dict):
        write_folder(output, written)
    else:
        write_whole(output, written.encode() if isinstance(written, str) else written)
