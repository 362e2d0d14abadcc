"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No talk and no progress on stderr.")]
WeightsArgument = Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A weights file, or a run directory.")]
TableArgument = Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet.")]
CustomerColumn = Annotated[str | None, typer.Option("--customer", help="The id column. [default: as in training]")]
Mapped = Annotated[
    list[str], typer.Option("--map", metavar="METRIC=COLUMN", help="A metric that has another name here; repeatable.")
]
AllowAbsent = Annotated[bool, typer.Option("--allow-absent", help="Take columns that are not there as missing.")]
AS_IN_TRAINING = "[default: as in training where that was said, else found out]"
Delimiter = Annotated[str | None, typer.Option("--delimiter", help=f"Of a CSV file: , ; | or tab. {AS_IN_TRAINING}")]
Decimal = Annotated[str | None, typer.Option("--decimal", help=f"Decimal sign of a CSV file. {AS_IN_TRAINING}")]
Encoding = Annotated[
    str | None, typer.Option("--encoding", help="Of a CSV file. [default: as in training, else utf-8]")
]
