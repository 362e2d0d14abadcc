"""A workbook under construction: texts stay texts, numbers keep their digits, the same content is the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil, isfinite
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.options import library
from chs_ml.export.xlsx.cells import Exact
from chs_ml.export.xlsx.styles import FONT, INK, STYLES, Style

LONGEST_TEXT = 32_767
LINE_HEIGHT = 12.75
STALE = "not recalculated"
_UNDATED = datetime(2000, 1, 1)
_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")
"""Texts that the writer would keep as errors; a level may be called so. A reader that calculates sees the text."""
_SETTINGS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


class Book:
    """Sheets and styles of one workbook.

    stale: instead of what a formula says, every formula cell keeps a word for a reader that does not calculate, so
    that a test can tell who calculated.
    """

    def __init__(self, title: str, created: str | None, *, stale: bool = False) -> None:
        self._out = io.BytesIO()
        self._book = library("xlsxwriter", "xlsx", "xlsx").Workbook(self._out, _SETTINGS)
        self._page = _page_class()
        self._styles: dict[str, Any] = {}
        self.stale = stale
        self._book.set_properties({"title": title[:200], "author": "chs_ml", "created": _time(created)})
        self._book.set_calc_mode("auto")
        default = self._book.formats[0]
        default.set_font_name(FONT)
        default.set_font_size(10)

    def sheet(self, name: str, color: str) -> Sheet:
        """Return a new sheet, with a coloured tab."""
        page = self._book.add_worksheet(name, self._page)
        page.hide_gridlines(2)
        page.set_tab_color(color)
        return Sheet(self, page)

    def style(self, style: str | Style) -> Any:
        """Return the format of a named style, or of properties."""
        key = style if isinstance(style, str) else repr(sorted(style.items()))
        if key not in self._styles:
            own = STYLES[style] if isinstance(style, str) else style
            base = {"font_name": FONT, "font_size": 10, "font_color": INK, "valign": "top"}
            self._styles[key] = self._book.add_format({**base, **own})
        return self._styles[key]

    def difference(self, properties: Style) -> Any:
        """Return a format of a condition: of these properties alone."""
        key = "only " + repr(sorted(properties.items()))
        if key not in self._styles:
            self._styles[key] = self._book.add_format(properties)
        return self._styles[key]

    def name(self, name: str, place: object) -> None:
        """Give a place a name that formulas of every sheet may use."""
        self._book.define_name(name, f"={place}")

    def chart(self, kind: Mapping[str, str]) -> Any:
        """Return a new chart."""
        return self._book.add_chart(dict(kind))

    def written(self) -> bytes:
        """Return the finished file."""
        self._book.close()
        return self._out.getvalue()


class Sheet:
    """A sheet that takes each kind of content by its own verb; nothing is guessed from a text."""

    def __init__(self, book: Book, page: Any) -> None:
        self.book, self.page = book, page

    def text(self, row: int, column: int, text: str, style: str | Style = "text") -> None:
        """Write a text, whatever it looks like; FormulaError for one that no cell holds."""
        if len(text) > LONGEST_TEXT:
            raise FormulaError(
                f"target 'xlsx': {text[:40]!r}… is {len(text):,} characters long; a cell holds {LONGEST_TEXT:,}. "
                "Shorten it"
            )
        self.page.write_string(row, column, text, self.book.style(style))

    def number(self, row: int, column: int, number: float, style: str | Style = "number") -> None:
        """Write a number with all its digits."""
        self.page.write_number(row, column, Exact(number), self.book.style(style))

    def formula(self, row: int, column: int, formula: str, value: Any, style: str | Style = "text") -> None:
        """Write a formula, and what it says for readers that do not calculate."""
        shown: Any = "" if value is None or value in _ERRORS else value
        self.page.write_formula(row, column, "=" + formula, self.book.style(style), STALE if self.book.stale else shown)

    def given(self, row: int, column: int, value: Any, style: str | Style = "text") -> None:
        """Write a customer's value: what is missing, or no cell can hold, is an empty cell."""
        if isinstance(value, bool):  # LibreOffice takes it for the number 1 in a cell that is formatted as text
            self.page.write_boolean(row, column, value, self.book.style("input"))
        elif isinstance(value, str) and value:
            self.text(row, column, value, style)
        elif isinstance(value, int | float) and isfinite(value):
            self.number(row, column, value, style)
        else:
            self.page.write_blank(row, column, None, self.book.style(style))

    def wide(self, row: int, columns: tuple[int, int], text: str, style: str = "note") -> None:
        """Write a text across columns."""
        self.page.merge_range(row, columns[0], row, columns[1], "", self.book.style(style))
        self.text(row, columns[0], text, style)

    def tall(self, row: int, *texts: tuple[str, float]) -> None:
        """Make a row high enough for texts, each with the width of its place in characters."""
        lines = max(ceil(len(text) / width) for text, width in texts)
        self.page.set_row(row, LINE_HEIGHT * max(1, lines) + 3)

    def texts(self, row: int, column: int, texts: list[str], style: str | Style = "head") -> None:
        """Write texts from left to right."""
        for at, text in enumerate(texts):
            self.text(row, column + at, text, style)

    def widths(self, *widths: float) -> None:
        """Set the widths of columns from the first on, in characters."""
        for at, width in enumerate(widths):
            self.page.set_column(at, at, width)

    def printed(self, *, landscape: bool, title: str, last: tuple[int, int], repeat: int | None = None) -> None:
        """Set up printing: one page wide, from the first cell to the last, with the head on every page."""
        page = self.page
        if landscape:
            page.set_landscape()
        page.set_paper(9)
        page.set_margins(0.5, 0.5, 0.6, 0.6)
        page.fit_to_pages(1, 0)
        page.print_area(0, 0, *last)
        if repeat is not None:
            page.repeat_rows(repeat)
        called = title[:80].replace("&", "&&")
        page.set_footer(f"&L&8 {called}&C&8 &A&R&8 &P / &N")  # a blank, or a title's first digits are the size


def _page_class() -> type[Any]:
    """Return a worksheet that takes formulas as they are: none uses a function that is younger than the file format.

    Looking for such functions in each formula takes ten times as long as all the rest.
    """

    class Page(library("xlsxwriter.worksheet", "xlsx", "xlsx").Worksheet):  # type: ignore[misc]
        def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
            return formula.removeprefix("=")

    return Page


def _time(created: str | None) -> datetime:
    if created is None:
        return _UNDATED
    time = datetime.fromisoformat(created)
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
