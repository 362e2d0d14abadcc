"""What a platform's import asks beyond scores: a CSV file, true ids, and each customer once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.cli.platforms import Platform
from chs_ml.errors import ChsError, DataError, OutputError
from chs_ml.export.csv import RUNS_IN_A_SPREADSHEET


@dataclass
class ImportFile:
    """One file for a platform; it remembers a hash of 8 bytes of each id, so that none is written twice."""

    platform: Platform
    _ids: list[Any] = field(default_factory=list)
    _altered: int = 0
    _blank: int = 0

    @property
    def schema(self) -> pa.Schema:
        """The file's columns."""
        return self.platform.schema

    def check(self, out: Path, customer: str | None) -> None:
        """Refuse, before a long table is read, what is no CSV file, and a table without ids of its own."""
        if out.suffix.lower() != ".csv":
            raise OutputError(f"{out.name}: --for {self.platform.name} writes CSV. Choose a name that ends in .csv.")
        if not customer:
            raise ChsError(
                f"--for {self.platform.name}: the formula was learned without an id column, and the number of a row is "
                "no id. Name the column: --customer COLUMN."
            )

    def rows(self, scored: pa.Table) -> pa.Table:
        """Return a batch as the platform imports it."""
        ids = scored["customer"].to_pylist()
        self._ids.append(np.fromiter(map(hash, ids), np.int64, len(ids)))
        self._altered += pc.sum(pc.match_substring_regex(scored["customer"], RUNS_IN_A_SPREADSHEET)).as_py() or 0
        written = self.platform.rows(scored)
        self._blank += written.column(1).null_count
        return written

    def check_once(self) -> None:
        """Refuse a customer who stands twice: of two rows an import keeps the one that it happens to read last."""
        ids = np.concatenate(self._ids)
        order = np.argsort(ids, kind="stable")
        again = np.flatnonzero(ids[order][1:] == ids[order][:-1]) + 1
        if len(again):
            first = again[np.argmin(order[again])]
            rows = "row repeats" if len(again) == 1 else "rows repeat"
            where = f"row {order[first] + 1:,} that of row {order[first - 1] + 1:,}"
            raise DataError(
                f"{len(again):,} {rows} the id of another ({where}); {self.platform.name} would keep one of them, "
                "whichever it reads last. Give each customer one row; of a history one cutoff: "
                "chs-ml panel SPEC --as-of DATE --no-outcome"
            )

    @property
    def notes(self) -> list[str]:
        """What was written in a way worth saying."""
        said = []
        if self._blank:
            who = "1 customer is" if self._blank == 1 else f"{self._blank:,} customers are"
            said.append(
                f"{who} not scored: the score is blank, the band says so. A blank may leave an older score where it is"
            )
        if self._altered:
            ids = "1 id begins" if self._altered == 1 else f"{self._altered:,} ids begin"
            said.append(
                f"{ids} like a spreadsheet's formula and got an apostrophe in front; {self.platform.name} will not "
                "know such an id"
            )
        return said
