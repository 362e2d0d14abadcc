"""How cells are named in formulas, and numbers that keep all their digits on the way into a file."""

from __future__ import annotations

from dataclasses import dataclass


def letters(column: int) -> str:
    """Return the letters of a column, 0 for A."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a sheet by row and column, from 0."""

    sheet: str
    row: int
    column: int

    def __str__(self) -> str:
        """Return 'Curves'!$C$7."""
        return f"{_quoted(self.sheet)}!{self.here}"

    @property
    def here(self) -> str:
        """The cell as its own sheet names it: $C$7."""
        return f"${letters(self.column)}${self.row + 1}"

    def down(self, count: int) -> Area:
        """Return the area of so many cells that begins here and goes down."""
        return Area(self.sheet, self.row, self.column, self.row + count - 1, self.column)

    def across(self, count: int) -> Area:
        """Return the area of so many cells that begins here and goes to the right."""
        return Area(self.sheet, self.row, self.column, self.row, self.column + count - 1)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, its last row and column included."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        """Return 'Curves'!$C$7:$C$15."""
        return f"{_quoted(self.sheet)}!{self.here}"

    @property
    def here(self) -> str:
        """The area as its own sheet names it."""
        return f"${letters(self.left)}${self.top + 1}:${letters(self.right)}${self.bottom + 1}"


def in_row(column: int, row: int, sheet: str = "") -> str:
    """Return $C7 or 'Sheet'!$C7: a cell that goes down with the formula that names it."""
    place = f"${letters(column)}{row + 1}"
    return f"{_quoted(sheet)}!{place}" if sheet else place


def row_of(first: int, count: int, row: int) -> str:
    """Return $C7:$H7: so many cells of a row, which go down with the formula that names them."""
    return f"{in_row(first, row)}:{in_row(first + count - 1, row)}"


def _quoted(sheet: str) -> str:
    return f"'{sheet}'" if " " in sheet or "-" in sheet else sheet


class Exact(float):
    """A number of which the writer, who asks for 16 digits, gets all 17: knots must not move in their last digit."""

    __slots__ = ()

    def __format__(self, asked: str) -> str:
        """Return the shortest text that reads back as the same double."""
        return repr(float(self))
