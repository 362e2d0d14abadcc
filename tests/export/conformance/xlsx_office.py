"""LibreOffice as an engine: it opens workbooks, calculates every cell again, and tells what the answers are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from chs_ml.export.xlsx import workbook
from chs_ml.export.xlsx.layout import CUSTOMERS, FIRST, HEAD
from chs_ml.formula import WeightsFile
from chs_ml.formula.vectors import read_input
from tests.export.conformance.suite import Answer
from tests.history.asof.engines import unreachable

OFFICE, TABLE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text"))
CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
ALWAYS_CALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""
SECONDS = 280
MOST_REPEATED = 300
"""Of a cell or a row: the empty rest of a sheet is one that is repeated a million times."""

Cells = list[list[Any]]


class Office:
    """Workbooks written with words in the place of cached values, calculated by one process for all of them."""

    name = "LibreOffice"
    skips = {"ulp_edge": "its < is approximate near equality: a last digit beside a knot is the knot"}  # noqa: RUF012

    def __init__(self, folder: Path, files: Sequence[WeightsFile]) -> None:
        self._files = list(files)  # kept, so that each has an id of its own
        books = {str(at): _asked(self, weights) for at, weights in enumerate(files)}
        found = recalculated(folder, books).values()
        self.sheets = {id(weights): sheets for weights, sheets in zip(files, found, strict=True)}

    def answers(self, weights: WeightsFile, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        lines = answers_in(self.sheets[id(weights)][CUSTOMERS])
        assert len(lines) == len(rows)
        return [Answer(line["score"], line.get("churn_probability"), line.get("band") or None) for line in lines]


def _asked(office: Office, weights: WeightsFile) -> bytes:
    asked = [vector for vector in weights.vectors if not set(vector["tags"]) & set(office.skips)]
    rows = [{name: read_input(vector["inputs"][name]) for name in weights.formula.metrics} for vector in asked]
    return stale_book(weights, rows)


def stale_book(weights: WeightsFile, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A workbook of these customers that says nothing right until it is calculated."""
    return workbook(weights, {f"c{at}": row for at, row in enumerate(rows)}, stale=True, rows=len(rows))


def answers_in(customers: Cells) -> list[dict[str, Any]]:
    """The answers on a sheet of customers, by name."""
    head = customers[HEAD]
    places = {name: at for at, name in enumerate(head) if name is not None and at >= head.index("score", 1)}
    return [{name: line[at] for name, at in places.items()} for line in customers[FIRST:] if line[0] is not None]


def soffice() -> str:
    return shutil.which("soffice") or unreachable("no LibreOffice to calculate with: soffice is not on the path") or ""


def recalculated(folder: Path, books: Mapping[str, bytes]) -> dict[str, dict[str, Cells]]:
    """The cells of every sheet of every workbook, by name, after one process has calculated them all."""
    program = soffice()
    folder.mkdir(parents=True, exist_ok=True)
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(ALWAYS_CALCULATE, encoding="utf-8")
    for name, content in books.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    command = [program, f"-env:UserInstallation=file://{profile.parent}", "--headless", "--convert-to", "fods",
               "--outdir", str(folder / "out"), *(str(folder / f"{name}.xlsx") for name in books)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return {name: _sheets(folder / "out" / f"{name}.fods") for name in books}


def _sheets(path: Path) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for _, table in etree.iterparse(str(path), tag=f"{TABLE}table", huge_tree=True):
        name = table.get(f"{TABLE}name")
        if name is not None and table.getparent().tag == f"{OFFICE}spreadsheet":
            found[name] = _rows(table)
            table.clear()
    return found


def _rows(table: Any) -> Cells:
    rows: Cells = []
    for row in table.iter(f"{TABLE}table-row"):
        if _inside(row, table):
            cells = _cells(row)
            rows += [cells] * min(MOST_REPEATED, int(row.get(f"{TABLE}number-rows-repeated", "1")))
    width = max(map(len, rows), default=0)
    return [[*cells, *[None] * (width - len(cells))] for cells in rows]


def _inside(row: Any, table: Any) -> bool:
    """Whether a row is the table's own, not one of the small tables that charts bring along."""
    return next(row.iterancestors(f"{TABLE}table")) is table


def _cells(row: Any) -> list[Any]:
    cells: list[Any] = []
    for cell in row:
        if cell.tag not in {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}:
            continue
        cells += [_value(cell)] * min(MOST_REPEATED, int(cell.get(f"{TABLE}number-columns-repeated", "1")))
    return cells if any(value is not None for value in cells) else []


def _value(cell: Any) -> Any:
    if cell.get(f"{CALC}value-type") == "error":
        return "".join(cell.itertext()).strip()
    match cell.get(f"{OFFICE}value-type"):
        case "float" | "percentage":
            return float(cell.get(f"{OFFICE}value"))
        case "boolean":
            return cell.get(f"{OFFICE}boolean-value") == "true"
        case "string":
            return cell.get(f"{OFFICE}string-value") or "\n".join(map(_said, cell.iter(f"{TEXT}p")))
    return "" if cell.get(f"{TABLE}formula") else None


def _said(paragraph: Any) -> str:
    """The text of a paragraph, in which runs of blanks are elements."""
    parts = [paragraph.text or ""]
    for child in paragraph:
        if child.tag == f"{TEXT}s":
            parts.append(" " * int(child.get(f"{TEXT}c", "1")))
        else:
            parts.append(_said(child))
        parts.append(child.tail or "")
    return "".join(parts)
