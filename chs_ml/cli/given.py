"""What another scorer answered, as a table: which column is what, and its answers by customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.cli.reading import AS_IN_A_PANEL, Form
from chs_ml.errors import DataError
from chs_ml.export.verify import NUMBERS, TEXTS, Answers
from chs_ml.formula import WeightsFile
from chs_ml.formula.columns import BoolArray, FloatArray, IntArray
from chs_ml.history.sources import open_batches, open_table

CUSTOMER, DIGEST = "customer", "digest"
NAMED = (CUSTOMER, *NUMBERS, *TEXTS, DIGEST)
"""What ``--map`` may name in SCORES, as ``chs-ml score`` calls it."""
DAYS = ("as_of", AS_IN_A_PANEL)
ESCAPED = r"\A'([=+\-@])"
"""How ``chs-ml score`` writes a text into CSV that a spreadsheet would run."""


@dataclass(frozen=True)
class Layout:
    """Which columns of SCORES are what, and how it is written. customer, digest, day: None where there is none."""

    answers: Mapping[str, str]
    customer: str | None
    digest: str | None
    day: str | None
    columns: tuple[str, ...]
    form: Form

    @property
    def numbers(self) -> set[str]:
        """The columns that hold numbers."""
        return {column for name, column in self.answers.items() if name in NUMBERS}


def layout_of(
    weights: WeightsFile, scores: Path, named: Mapping[str, str], form: Form, customer: str | None = None
) -> Layout:
    """Return which columns are what; DataError where a named one is not there, or no answer is.

    customer: what the ids may be called too.
    """
    columns = tuple(open_table(scores, **asdict(form)).columns)
    absent = [f"{scores.name}: --map {name}={column}: there is no column {column!r}; it has: {_some(columns)}."
              for name, column in named.items() if column not in columns]  # fmt: skip
    if absent:
        raise DataError(*absent)
    found = {name: named.get(name, name) for name in NAMED if named.get(name, name) in columns}
    answers = {name: found[name] for name in (*NUMBERS, *TEXTS) if name in found}
    if weights.formula.link is None:
        answers.pop("churn_probability", None)
    if not weights.formula.bands:
        answers = {name: column for name, column in answers.items() if name not in TEXTS}
    if not answers:
        raise DataError(
            f"{scores.name}: none of its columns is an answer: {', '.join((*NUMBERS, *TEXTS))}. It has: "
            f"{_some(columns)}. Say which column is what: --map score=COLUMN"
        )
    ids = [named.get(CUSTOMER), customer, CUSTOMER, weights.customer]
    own = next((name for name in ids if name in columns), None)
    return Layout(answers, own, found.get(DIGEST), next((day for day in DAYS if day in columns), None), columns, form)


def _some(columns: Collection[str]) -> str:
    return ", ".join(map(repr, [*columns][:12])) + (", …" if len(columns) > 12 else "")


@dataclass
class Given:
    """The answers of SCORES in memory, some 50 bytes a row, found by customer (and day).

    digests: rows by the formula that they say they were made with. stale: which rows say that it was another one.
    """

    keys: np.ndarray[tuple[int], np.dtype[np.uint64]]
    answers: Answers
    stale: BoolArray
    digests: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Sort the keys; of a customer who stands twice the first row counts."""
        self._sorted, self._first = np.unique(self.keys, return_index=True)
        self._seen = np.zeros(len(self._sorted), bool)
        self.again = 0

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.keys)

    @property
    def repeated(self) -> int:
        """How many rows have a customer that an earlier one has."""
        return len(self.keys) - len(self._sorted)

    @property
    def unknown(self) -> int:
        """How many customers were never asked for."""
        return int((~self._seen).sum())

    def find(self, keys: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> tuple[BoolArray, IntArray, BoolArray]:
        """Return which keys are here and asked for the first time, their rows, and which are not here."""
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        here = self._sorted[at] == keys
        first = np.zeros(len(keys), bool)
        first[np.unique(keys, return_index=True)[1]] = True
        fresh = here & first & ~self._seen[at]
        self._seen[at[here]] = True
        self.again += int((here & ~fresh).sum())
        return fresh, self._first[at[fresh]], ~here


def read_given(weights: WeightsFile, scores: Path, layout: Layout, *, dated: bool, on_rows: Any) -> Given:
    """Read all answers of SCORES; dated: a customer is told apart by the day too. on_rows: is told how many so far."""
    if layout.customer is None:
        raise DataError(f"{scores.name}: no column of customer ids. Say which it is: --map customer=COLUMN")
    day = layout.day if dated else None
    keys: list[Any] = []
    parts, before = _Parts(weights, layout), 0
    for batch in batches_of_given(scores, layout, day):
        check_ids(batch[layout.customer], before, scores.name)
        before += len(batch)
        keys.append(keys_of(batch[layout.customer], None if day is None else batch[day]))
        parts.add(batch)
        on_rows(len(batch))
    if not keys:
        raise DataError(f"{scores.name}: no rows below the header; there is nothing to verify.")
    return Given(np.concatenate(keys), parts.together(), np.concatenate(parts.stale), parts.digests)


def batches_of_given(scores: Path, layout: Layout, *more: str | None) -> Iterator[pa.RecordBatch]:
    """Give the answers of SCORES batch by batch, with its ids and digests."""
    wanted = [*layout.answers.values(), layout.customer, layout.digest, *more]
    columns = [*dict.fromkeys(name for name in wanted if name)]
    yield from open_batches(scores, columns=columns, numbers=layout.numbers, **asdict(layout.form))


def stale_in(batch: pa.RecordBatch, layout: Layout, digest: str) -> BoolArray:
    """Return which rows say that another formula made them."""
    if layout.digest is None:
        return np.zeros(len(batch), bool)
    other = pc.fill_null(pc.not_equal(batch[layout.digest], digest), False)
    return np.asarray(other.to_numpy(zero_copy_only=False), bool)


def answers_in(weights: WeightsFile, layout: Layout, batch: pa.RecordBatch) -> Answers:
    """Return the answers of a batch."""
    parts = _Parts(weights, layout)
    parts.add(batch)
    return parts.together()


class _Parts:
    """Answers put together batch by batch; a text is kept once."""

    def __init__(self, weights: WeightsFile, layout: Layout) -> None:
        self._bands = {band.name for band in weights.formula.bands}
        self._layout = layout
        self._numbers: dict[str, list[FloatArray]] = {name: [] for name in layout.answers if name in NUMBERS}
        self._texts: dict[str, list[Any]] = {name: [] for name in layout.answers if name in TEXTS}
        self.digests: Counter[str] = Counter()
        self.stale: list[BoolArray] = []
        self._digest = weights.digest

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the answers of one more batch."""
        for name, numbers in self._numbers.items():
            column = batch[self._layout.answers[name]]
            numbers.append(np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64))
        for name, texts in self._texts.items():
            encoded = batch[self._layout.answers[name]].dictionary_encode()
            own = np.array([*(self._band(text) for text in encoded.dictionary.to_pylist()), None], dtype=object)
            texts.append(own[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)])
        self.stale.append(stale_in(batch, self._layout, self._digest))
        if self._layout.digest is not None:
            for entry in pc.value_counts(batch[self._layout.digest].drop_null()).to_pylist():
                self.digests[entry["values"]] += entry["counts"]

    def together(self) -> Answers:
        return Answers(
            {name: np.concatenate(parts) for name, parts in self._numbers.items()},
            {name: np.concatenate(parts) for name, parts in self._texts.items()},
        )

    def _band(self, text: str) -> str:
        bare = text.removeprefix("'")
        return bare if text not in self._bands and bare in self._bands else text


def check_ids(ids: pa.Array, before: int, file: str) -> None:
    """DataError for a row without an id; before: rows of the file that came earlier."""
    if ids.null_count:
        row = before + int(np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False))[0]) + 1
        raise DataError(f"{file}: row {row} has no customer id ({ids.null_count} near it). Fill it, or drop the rows.")


def keys_of(ids: pa.Array, days: pa.Array | None = None) -> Any:
    """Return 8 bytes for each id (and day): of a million ids two share theirs with a chance of 3 in 100 million."""
    text = pc.fill_null(pc.replace_substring_regex(ids, ESCAPED, r"\1"), "")
    if days is not None:
        text = pc.binary_join_element_wise(text, pc.fill_null(days.cast(pa.string()), ""), "\x1f")
    return pd.util.hash_array(np.asarray(text.to_numpy(zero_copy_only=False), dtype=object), categorize=False)
