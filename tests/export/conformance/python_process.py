"""Exported modules in a process of their own: one that sees neither chs_ml nor any library, and reads many formulas."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chs_ml.export import export
from chs_ml.formula import WeightsFile
from tests.export.conformance.suite import Answer

DRIVER = """
import importlib.util, json, sys

def answers(path, rows):
    spec = importlib.util.spec_from_file_location("health_score", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [asked(module, row) for row in rows]

def asked(module, row):
    try:
        reading = module.read(row)
        assert (module.score(row), module.band(row)) == (reading["score"], reading["band"])
        assert reading["churn_probability"] is None or module.churn_probability(row) == reading["churn_probability"]
        return reading
    except module.CustomerError as error:
        return {"error": str(error)}

there = [name for name in ("chs_ml", "numpy", "pytest") if importlib.util.find_spec(name)]
print(json.dumps({"there": there, "version": sys.version.split()[0]}), flush=True)
for line in sys.stdin:
    one = json.loads(line)
    print(json.dumps(answers(one["path"], one["rows"])), flush=True)
"""


class Process:
    """A running program that answers a line with a line."""

    def __init__(self, folder: Path, command: Sequence[str], suffix: str) -> None:
        self.folder, self.suffix = folder, suffix
        self.running = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", cwd=folder
        )
        self.greeting = self._heard()
        self.asked = 0

    def readings(self, text: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a module says of each row: what its ``read`` returns, or {"error": ...}."""
        self.asked += 1
        path = self.folder / f"formula_{self.asked}{self.suffix}"
        path.write_text(text, encoding="utf-8")
        pairs = [[[name, told(value)] for name, value in row.items()] for row in rows]
        said = {"path": str(path), "rows": pairs if self.suffix == ".mjs" else list(rows)}
        self.running.stdin.write(json.dumps(said) + "\n")
        self.running.stdin.flush()
        return self._heard()

    def close(self) -> None:
        self.running.stdin.close()
        assert self.running.wait(30) == 0
        self.running.stdout.close()

    def _heard(self) -> Any:
        line = self.running.stdout.readline()
        assert line, "the process has ended; its last words are on stderr"
        return json.loads(line)


def python(folder: Path) -> Process:
    """Python without site-packages, without the environment, and not in our folder."""
    return Process(folder, [sys.executable, "-I", "-S", "-c", DRIVER], ".py")


def told(value: Any) -> Any:
    """A value for JSON that has no NaN."""
    strange = isinstance(value, float) and not math.isfinite(value)
    return {"$f": repr(value)} if strange else value


class Exported:
    """The engine of a script: what its target is called, and where it runs."""

    skips: dict[str, str] = {}  # noqa: RUF012 - a script holds whatever the formula does

    def __init__(self, target: str, process: Process) -> None:
        self.name, self.process = target, process

    def answers(self, weights: WeightsFile, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        found = self.process.readings(export(weights, self.name), rows)
        return [Answer(one["score"], one["churn_probability"], one["band"]) for one in found]
