"""A workbook as its file says it, without an engine: every cell's formula and what it keeps for a reader."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from lxml import etree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class Cell:
    value: Any
    formula: str | None = None


Sheets = dict[str, dict[tuple[int, int], Cell]]


def opened(content: bytes) -> Sheets:
    """The cells of each sheet by (row, column) from 0, those that hold something."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        shared = [text_of(one) for one in etree.fromstring(file.read("xl/sharedStrings.xml")).iter(f"{MAIN}si")]
        book = etree.fromstring(file.read("xl/workbook.xml"))
        names = [sheet.get("name") for sheet in book.iter(f"{MAIN}sheet")]
        trees = [etree.fromstring(file.read(f"xl/worksheets/sheet{at + 1}.xml")) for at in range(len(names))]
    return {name: dict(_cells(tree, shared)) for name, tree in zip(names, trees, strict=True)}


def text_of(node: Any) -> str:
    text = "".join(part.text or "" for part in node.iter(f"{MAIN}t"))
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text)


def _cells(tree: Any, shared: list[str]) -> Any:
    for cell in tree.iter(f"{MAIN}c"):
        value, formula = cell.find(f"{MAIN}v"), cell.find(f"{MAIN}f")
        if value is None:
            continue
        yield (
            place(cell.get("r")),
            Cell(_value(cell.get("t"), value.text or "", shared), None if formula is None else formula.text),
        )


def _value(kind: str | None, text: str, shared: list[str]) -> Any:
    if kind == "s":
        return shared[int(text)]
    if kind == "str" or not text:
        return text
    return text == "1" if kind == "b" else float(text)


def place(reference: str) -> tuple[int, int]:
    letters, digits = re.fullmatch(r"([A-Z]+)([0-9]+)", reference).groups()
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return int(digits) - 1, column - 1
