"""A table as a file: checked before, written beside, put in its place at the end; CSV harmless to spreadsheets."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from chs_ml.cli.stopping import either_way, if_stopped
from chs_ml.cli.talk import check_folder
from chs_ml.errors import OutputError
from chs_ml.export.csv import RUNS_IN_A_SPREADSHEET
from chs_ml.formula.atomic import sync_folder


def check_output(out: Path, what: str) -> None:
    """Refuse what cannot be written, before a long table is read; what: is written."""
    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise OutputError(f"{out.name}: {what} are written as .csv or .parquet. Choose one of these endings.")
    if out.is_dir():
        raise OutputError(f"{out} is a folder. Give the name of a file in it.")
    check_folder(out)


def spare(out: Path, *read: Path) -> None:
    """Refuse to write what is read."""
    for file in read:
        if out.exists() and file.exists() and out.samefile(file):
            raise OutputError(f"{out} is read, and would be lost. Choose another -o.")


@contextmanager
def written_whole(out: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Give the verb that writes a batch; the file is there when the block has ended well, and not before."""
    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex}.part")
    try:
        with writer(staged, out.suffix.lower(), schema) as write:
            yield write
        if_stopped(either_way(out))
        put_in_place(staged, out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}. Nothing was changed.") from None
    finally:
        with contextlib.suppress(OSError):
            staged.unlink()


@contextmanager
def writer(path: Path, kind: str, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Give the verb that writes a batch."""
    if kind == ".csv":
        with pyarrow.csv.CSVWriter(path, schema) as csv:
            yield lambda scored: csv.write(_harmless(scored))
    else:
        with pyarrow.parquet.ParquetWriter(path, schema) as parquet:
            yield parquet.write_table


def put_in_place(staged: Path, out: Path) -> None:
    """Write the staged file down to the disk, and give it its name."""
    with staged.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(staged, out)
    sync_folder(out.parent)


def _harmless(table: pa.Table) -> pa.Table:
    """Return the table with an apostrophe before text that a spreadsheet would run."""
    for at, column in enumerate(table.schema):
        if column.type == pa.string():
            mended = pc.replace_substring_regex(table.column(at), f"({RUNS_IN_A_SPREADSHEET})", r"'\1")
            table = table.set_column(at, column, mended)
    return table
