"""Exported ES modules in one process of Node."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.export.conformance.python_process import Process

DRIVER = """
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const STRANGE = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function asked(module, row) {
  try {
    const reading = module.read(row);
    const chance = reading.churn_probability;
    if (module.score(row) !== reading.score || module.band(row) !== reading.band) throw new Error("two answers");
    if (chance !== null && module.churnProbability(row) !== chance) throw new Error("two answers");
    return reading;
  } catch (error) {
    if (!(error instanceof module.CustomerError)) throw error;
    return { error: error.message };
  }
}

const revived = (value) => (value !== null && typeof value === "object" && "$f" in value ? STRANGE[value.$f] : value);
const rowOf = (pairs) => Object.fromEntries(pairs.map(([name, value]) => [name, revived(value)]));

console.log(JSON.stringify({ version: process.version }));
for await (const line of createInterface({ input: process.stdin })) {
  const { path, rows } = JSON.parse(line);
  const module = await import(pathToFileURL(path).href);
  console.log(JSON.stringify(rows.map((pairs) => asked(module, rowOf(pairs)))));
}
"""


def node() -> str:
    """Where Node is; a person may lack it, continuous integration may not."""
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no node to test with")
        pytest.skip("no node to test with")
    return found


def javascript(folder: Path) -> Process:
    """Node with the driver in a folder that holds nothing else."""
    driver = folder / "driver.mjs"
    driver.write_text(DRIVER, encoding="utf-8")
    return Process(folder, [node(), str(driver)], ".mjs")
