"""The demo as a folder: made batch by batch, on one process or more, and there as a whole or not at all."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from chs_ml.errors import OutputError
from chs_ml.history.demo.calibration import calibration_yaml
from chs_ml.history.demo.company import Batch, Company
from chs_ml.history.demo.guide import readme, truth_json
from chs_ml.history.demo.leaving import intercept_of, live
from chs_ml.history.demo.sizing import with_events
from chs_ml.history.demo.tables import Append, arrow_tables
from chs_ml.history.demo.truth import Planted, planted_in

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What was written. rows: by table. at_risk, churned: rows of the panel per cutoff, and those that churned."""

    directory: Path
    rows: dict[str, int]
    at_risk: tuple[int, ...]
    churned: tuple[int, ...]

    @property
    def spec(self) -> Path:
        """The calibration spec of the demo."""
        return self.directory / "calibration.yaml"

    @property
    def truth(self) -> Path:
        """What a calibration should find; it never reads it."""
        return self.directory / "truth" / "truth.json"

    @property
    def churn_rate(self) -> float:
        """Churned rows of the panel over all of them."""
        return sum(self.churned) / max(1, sum(self.at_risk))


@dataclass(frozen=True)
class Finished:
    """A batch as it is to be written."""

    tables: dict[str, pa.Table]
    at_risk: NDArray[np.int64]
    churned: NDArray[np.int64]


def write_demo(  # noqa: PLR0913 - the command's options, by name
    directory: Path,
    *,
    customers: int = 2000,
    events: int | None = None,
    seed: int = 0,
    quarters: int = 8,
    intervention_effect: float = 0.0,
    progress: Progress | None = None,
    processes: int = 1,
) -> Demo:
    """Write a simulated company's raw history, its calibration spec and its truth into a new folder.

    events: about so many, by making customers busier. The same arguments but ``processes`` give the same bytes.

    Raises:
        OutputError: the folder exists and is not empty, or cannot be written; nothing is left behind.
        DataError: a size that no company has.
    """
    directory, say = Path(directory), progress or _nothing
    _refuse(directory)
    say("How busy customers are, and how many leave")
    company = with_events(Company(customers, quarters, seed, intervention_effect=intervention_effect), events)
    planted = planted_in(company, intercept_of(company))
    try:
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.absolute().parent) as beside:
            staged = Path(beside) / "demo"
            staged.mkdir()
            demo = _written(staged, company, planted, say, processes)
            if directory.exists():
                directory.rmdir()
            staged.rename(directory)
    except OSError as error:
        raise OutputError(f"{directory} cannot be written: {error.strerror or error}. Nothing was left.") from None
    return Demo(directory, demo.rows, demo.at_risk, demo.churned)


def _nothing(_: str) -> None:
    pass


def _refuse(directory: Path) -> None:
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise OutputError(f"{directory} is a file or a link; a demo is a folder. Choose another one.")
    if directory.is_dir() and any(directory.iterdir()):
        raise OutputError(f"{directory} exists and is not empty. Choose another folder, or empty it.")
    if not directory.absolute().parent.is_dir():
        raise OutputError(f"folder {str(directory.parent)!r} does not exist. Make it, or choose another one.")


def _written(staged: Path, company: Company, planted: Planted, say: Progress, processes: int) -> Demo:
    at_risk = np.zeros(company.quarters, dtype=np.int64)
    churned = at_risk.copy()
    with Append(staged) as files:
        for number, part in enumerate(_parts(company, planted, processes), start=1):
            files.append(part.tables)
            at_risk, churned = at_risk + part.at_risk, churned + part.churned
            say(f"Batch {number} of {len(company.batches)}: {files.rows['events']:,} events")
    demo = Demo(staged, files.rows, tuple(at_risk.tolist()), tuple(churned.tolist()))
    demo.truth.parent.mkdir()
    demo.truth.write_text(truth_json(company, planted, _cutoffs(company, demo)), encoding="utf-8")
    demo.spec.write_text(calibration_yaml(company.calendar), encoding="utf-8")
    (staged / "README.md").write_text(readme(company), encoding="utf-8")
    return demo


def _cutoffs(company: Company, demo: Demo) -> list[dict[str, Any]]:
    counted = zip(company.calendar.cutoffs, demo.at_risk, demo.churned, strict=True)
    return [{"cutoff": str(day), "customers": there, "churned": left} for day, there, left in counted]


def _parts(company: Company, planted: Planted, processes: int) -> Iterator[Finished]:
    """Give the batches in order; no more of them than processes and one are held at a time."""
    if processes < 2 or len(company.batches) < 2:
        yield from (finish(batch, planted) for batch in company.batches)
        return
    waiting: deque[Future[Finished]] = deque()
    context = multiprocessing.get_context("spawn")  # the query engine's threads do not survive a fork
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            for batch in company.batches:
                waiting.append(pool.submit(finish, batch, planted))
                if len(waiting) > processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def finish(batch: Batch, planted: Planted) -> Finished:
    """Return a batch of customers, those who left gone."""
    lived = live(batch, planted)
    return Finished(arrow_tables(lived.past), lived.at_risk.sum(axis=0), lived.left.sum(axis=0))
