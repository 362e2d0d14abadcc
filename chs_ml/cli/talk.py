"""Results to stdout, talk and progress to stderr; readable off a terminal too."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from chs_ml.cli.plain import visible
from chs_ml.errors import ChsError, OutputError

OFF_TERMINAL_WIDTH = 80


def readable_anywhere() -> None:
    """Let no text fail to print: what the terminal's encoding lacks (±, →, Cyrillic) comes out as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def results() -> Console:
    """Return the console for results; off a terminal 80 wide, or as COLUMNS says, so that files look the same."""
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else OFF_TERMINAL_WIDTH
    return _Page(highlight=False, width=width)


class _Page(Console):
    """A console that leaves it to ``main`` what a broken pipe means."""

    def on_broken_pipe(self) -> None:
        """Go on as Python does, where rich would end the process with 1."""
        raise BrokenPipeError


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Go on with the work where the reader of a pipe has seen enough of the answer."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str, *, quiet: bool = False) -> None:
    """Write a line of talk to stderr."""
    if not quiet:
        print(_folded(_lines(text)), file=sys.stderr, flush=True)


def answer_json(value: Any) -> None:
    """Print the answer as JSON for a script."""
    answer_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def answer_text(text: str) -> None:
    """Write text for another program: UTF-8 whatever the terminal's encoding is, to be read letter for letter."""
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(text)


class Steps:
    """Progress of named steps: a bar on a terminal, a line a step elsewhere, nothing when quiet."""

    def __init__(self, bars: Progress | None, *, quiet: bool) -> None:
        self._bars, self._quiet = bars, quiet
        self._tasks: dict[str, Any] = {}
        self._since = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` parts of a step are done."""
        if self._bars is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bars.add_task(what, total=total)
            self._bars.update(self._tasks[what], completed=done, total=total)
        elif what not in self._tasks:
            self._tasks[what] = True
            self.note(f"[{time.monotonic() - self._since:5.1f} s] {what} …")

    def note(self, text: str) -> None:
        """Say a line beside the bars."""
        if self._bars is not None:
            self._bars.console.print(Text(_lines(text)))
        else:
            say(text, quiet=self._quiet)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Steps]:
    """Show progress on stderr for as long as the block runs."""
    if quiet or not sys.stderr.isatty():
        yield Steps(None, quiet=quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Steps(bars, quiet=False)


def parsed_pairs(pairs: list[str], option: str, form: str = "metric=COLUMN") -> dict[str, str]:
    """Return ``a=b`` options as a dict; ChsError for one without an equals sign, or given twice."""
    found: dict[str, str] = {}
    for pair in pairs:
        left, equals, right = pair.partition("=")
        if not (equals and left and right) or left in found:
            raise ChsError(f"{option} {pair!r}: write {option} {form}, once for each.")
        found[left] = right
    return found


def check_folder(out: Path) -> None:
    """Refuse a file in a folder that is not there, by the folder's name."""
    if not out.parent.exists():
        raise OutputError(f"folder {str(out.parent)!r} does not exist. Make it, or choose another -o.")


def _folded(text: str) -> str:
    """Return text whose lines fit the terminal, words whole; as it is where stderr is none."""
    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    look: dict[str, Any] = {"subsequent_indent": "  ", "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, width, **look) if len(line) > width else line for line in text.split("\n"))


def _lines(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))
