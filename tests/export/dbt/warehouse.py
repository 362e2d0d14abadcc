"""dbt with DuckDB, in the environment of its own that ``make`` puts up: projects are built there for real."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.history.asof.engines import unreachable

PYTHON = Path(__file__).parents[3] / "build" / "dbt" / "bin" / "python"

DRIVER = """
import json, sys
import duckdb
from dbt.cli.main import dbtRunner

def asked(file, statements):
    connection = duckdb.connect(file)
    rows = [connection.execute(one).fetchall() for one in statements]
    connection.close()
    return rows

def built(project, arguments):
    told = dbtRunner().invoke([*arguments, "--project-dir", project, "--profiles-dir", project, "--quiet"])
    results = {one.node.name: [str(one.status), one.message] for one in getattr(told.result, "results", [])}
    return {"success": told.success, "error": str(told.exception or ""), "results": results}

answers = []
for one in json.load(sys.stdin):
    asked(one["file"], one["before"])
    runs = [built(one["project"], arguments) for arguments in one["runs"]]
    answers.append({"runs": runs, "after": asked(one["file"], one["after"])})
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump(answers, out, default=str)
"""


def put(project: dict[str, str], folder: Path, zone: str = "UTC") -> Path:
    """Write a project, with a profile that leads to a DuckDB file in its folder."""
    settings = {"TimeZone": zone}
    output = {"type": "duckdb", "path": str(folder / "warehouse.duckdb"), "threads": 1, "settings": settings}
    profile = {"health_score": {"target": "dev", "outputs": {"dev": output}}}
    for path, text in {**project, "profiles.yml": json.dumps(profile)}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def job(folder: Path, before: list[str], runs: list[list[str]], after: list[str]) -> dict[str, Any]:
    """Statements that load the raw tables, commands of dbt, statements that read what was built."""
    file = str(folder / "warehouse.duckdb")
    return {"file": file, "project": str(folder), "before": before, "runs": runs, "after": after}


def done(jobs: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Do all jobs in one process of dbt."""
    if not PYTHON.exists():
        unreachable("no dbt to test with: make build/dbt/ready")
    out = folder / "answers.json"
    quiet = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    told = subprocess.run(
        [PYTHON, "-c", DRIVER, out], input=json.dumps(jobs), capture_output=True, text=True, env=quiet, cwd=folder,
        check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    return json.loads(out.read_text(encoding="utf-8"))
