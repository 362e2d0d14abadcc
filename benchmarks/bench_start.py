"""How long chs-ml takes to start, against the libraries that it does not load. CPU seconds, best of five, one run."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from chs_ml import WeightsFile, write_formula
from chs_ml.formula import Range

REPEATS = 5


def cpu_of(command: list[str]) -> float:
    """Return user and system seconds of a process and its children, the best of five."""
    times = []
    for _ in range(REPEATS + 1):  # the first one warms the disk
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights, table, out = Path(folder, "weights.json"), Path(folder, "one.csv"), Path(folder, "out.csv")
        WeightsFile(write_formula({"nps": Range(1.0, worst=0, best=10)}), "one", customer="id").save(weights)
        table.write_text("id,nps\na,7\n", encoding="utf-8")
        chs_ml = [sys.executable, "-m", "chs_ml.cli"]
        measured = {
            "python -c pass": cpu_of([sys.executable, "-c", "pass"]),
            "import chs_ml": cpu_of([sys.executable, "-c", "import chs_ml"]),
            "chs-ml --help": cpu_of([*chs_ml, "--help"]),
            "chs-ml export csv": cpu_of([*chs_ml, "export", str(weights), "csv"]),
            "chs-ml score, one row": cpu_of([*chs_ml, "score", str(weights), str(table), "-o", str(out), "-q"]),
            "import pandas": cpu_of([sys.executable, "-c", "import pandas"]),
            "import sklearn.linear_model": cpu_of([sys.executable, "-c", "import sklearn.linear_model"]),
            "import mlflow": cpu_of([sys.executable, "-c", "import mlflow"]),
        }
    slowest = measured["import mlflow"]
    print(f"{'':30} {'CPU s':>7} {'of import mlflow':>17}")
    for name, seconds in measured.items():
        print(f"{name:30} {seconds:7.2f} {seconds / slowest:16.0%}")


if __name__ == "__main__":
    main()
