"""Reading the fields of a parsed file: every problem is noted with its path, and all are told in one answer."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from chs_ml.errors import FormulaError

T = TypeVar("T")

MOST_PROBLEMS = 20
LONGEST_PROBLEM = 400
_ABSENT = object()


class Enough(Exception):
    """So many problems were found that more would help nobody."""


class Problems(list[str]):
    """What is wrong with one file, a line each."""

    def note(self, path: str, text: str) -> None:
        """Add a problem; Enough is raised at the twentieth."""
        line = f"{path}: {text}" if path else text
        self.append(line if len(line) <= LONGEST_PROBLEM else line[:LONGEST_PROBLEM] + "…")
        if len(self) >= MOST_PROBLEMS:
            self.append("… and more")
            raise Enough


class Place:
    """One value of the file and the path to it, such as ``formula.terms[3].weight``.

    lenient: the file was written by a newer version, whose unknown keys are passed over.
    """

    def __init__(self, value: Any, path: str, problems: Problems, *, lenient: bool = False) -> None:
        self.value = value
        self._path = path
        self._above: Place | None = None  # paths are put together only where there is something to say
        self.problems = problems
        self.lenient = lenient
        self._before = len(problems)

    @property
    def path(self) -> str:
        """Where the value stands in the file."""
        if self._above is None:
            return self._path
        return (self._above.path + self._path).removeprefix(".")

    def note(self, text: str) -> None:
        """Add a problem of this value."""
        self.problems.note(self.path, text)

    def at(self, key: str) -> Place:
        """Return the value under a key; where there is none, reading it gives a stand-in and no second complaint."""
        value = self.value.get(key, _ABSENT) if isinstance(self.value, dict) else _ABSENT
        return self._inner(value, f".{key[:60]}")

    @property
    def is_null(self) -> bool:
        """Whether the file says ``null`` here."""
        return self.value is None

    def keys(self, *expected: str) -> bool:
        """Check that this is an object with these keys and no other; return whether it is an object."""
        if not self._is(dict, "an object"):
            return False
        for key in expected:
            if key not in self.value:
                self.at(key).note("is not there")
        if not self.lenient:
            for key in self.value:
                if key not in expected:
                    self.at(key).note(f"unknown key.{_nearest(key, expected)}")
        return True

    def is_object(self) -> bool:
        """Note it and return False where this is no object."""
        return self._is(dict, "an object")

    def each(self) -> Iterator[Place]:
        """Yield the members of a list."""
        if self._is(list, "a list"):
            for position, value in enumerate(self.value):
                yield self._inner(value, f"[{position}]")

    def members(self) -> Iterator[tuple[str, Place]]:
        """Yield the keys of an object, which may be any, and their values."""
        if self._is(dict, "an object"):
            for key in self.value:
                yield key, self.at(key)

    def open_object(self) -> dict[str, Any]:
        """Return an object whose keys may be any."""
        return dict(self.value) if self.is_object() else {}

    def text(self) -> str:
        """Return text."""
        return str(self.value) if self._is(str, "text") else ""

    def text_or_null(self) -> str | None:
        """Return text, or None for null."""
        return None if self.is_null else self.text()

    def number(self) -> float:
        """Return a finite number."""
        if isinstance(self.value, bool) or not self._is((int, float), "a number"):
            if isinstance(self.value, bool):
                self.note(f"must be a number, not {_shown(self.value)}")
            return float("nan")
        return float(self.value)

    def number_or_null(self) -> float | None:
        """Return a finite number, or None for null."""
        return None if self.is_null else self.number()

    def numbers(self) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        if isinstance(self.value, list) and all(type(value) is float for value in self.value):
            return tuple(self.value)
        return tuple(place.number() for place in self.each())

    def flag(self) -> bool:
        """Return true or false."""
        return bool(self.value) if self._is(bool, "true or false") else False

    def choice(self, *options: str) -> str:
        """Return one of the options."""
        text = self.text()
        if isinstance(self.value, str) and text not in options:
            self.note(f"{_shown(text)} is none of {list(options)}.{_nearest(text, options)}")
        return text

    def make(self, factory: Callable[..., T], *args: Any, **values: Any) -> T | None:
        """Return ``factory(…)`` if everything below this place could be read; note what it refuses."""
        if len(self.problems) > self._before:
            return None
        try:
            return factory(*args, **values)
        except FormulaError as error:
            self.note("; ".join(error.problems))
            return None

    def _inner(self, value: Any, step: str) -> Place:
        inner = Place(value, step, self.problems, lenient=self.lenient)
        inner._above = self
        return inner

    def _is(self, kind: type | tuple[type, ...], called: str) -> bool:
        if isinstance(self.value, kind):
            return True
        if self.value is not _ABSENT:
            self.note(f"must be {called}, not {_shown(self.value)}")
        return False


def plain(value: Any, path: str) -> Any:
    """Return a Python value as JSON values: tuples become lists, numpy numbers plain ones.

    Raises:
        FormulaError: for what JSON has no word for, with the path to it.
    """
    try:
        return _plain(value)
    except _NotPlainError as error:
        where = path + "".join(reversed(error.steps))
        raise FormulaError(
            f"{where}: {_shown(error.value)} cannot stand in a weights file; use text, a finite number or null"
        ) from None


class _NotPlainError(Exception):
    """Carries the path from the inside out: it is only put together where something is wrong."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.steps: list[str] = []


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, dict):
        return {str(key): _inside(part, f".{key}") for key, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_inside(part, position) for position, part in enumerate(value)]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating) and isfinite(value):
        return float(value)
    raise _NotPlainError(value)


def _inside(value: Any, step: str | int) -> Any:
    try:
        return _plain(value)
    except _NotPlainError as error:
        error.steps.append(step if isinstance(step, str) else f"[{step}]")
        raise


def _nearest(word: str, options: Sequence[str]) -> str:
    near = difflib.get_close_matches(word[:80], options, 1, 0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return repr(value[:60]) if isinstance(value, str) else repr(value)[:60]
