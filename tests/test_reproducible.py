"""The same data gives the same weights: twice, shuffled, on one core or two, out of CSV or Parquet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny

AUTO = {"calibration": {"ramps": "auto", "strength": "auto"}}

CALIBRATE = """
import os, sys
cores = int(sys.argv[3])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from chs_ml.calibration import judging, story
judging.BASELINES, story.pictures_of = {}, lambda weights, evaluation: {}
done = story.calibrate(sys.argv[1], sys.argv[2], track=False)
print(done.weights.digest, done.evaluation.choices["evaluated_formula"], done.evaluation.data["digest"])
"""


def digests(spec: Path, out: Path, threads: int = 2) -> list[str]:
    """Calibrate in a process of its own; return the digests of the weights, the evaluated formula and the data."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    command = [sys.executable, "-c", CALIBRATE, str(spec), str(out), str(threads)]
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split()


@pytest.mark.slow
def test_the_same_weights_whatever_the_order_the_cores_and_the_file(tmp_path):
    frame = tiny.customers()
    usual = digests(tiny.write(tmp_path / "a", frame, **AUTO), tmp_path / "out")
    again = digests(tmp_path / "a" / "calibration.yaml", tmp_path / "out")
    assert again == usual
    assert digests(tmp_path / "a" / "calibration.yaml", tmp_path / "out", threads=1) == usual
    shuffled = frame.sample(frac=1.0, random_state=1)
    assert digests(tiny.write(tmp_path / "b", shuffled, **AUTO), tmp_path / "out") == usual
    frame.to_parquet(tmp_path / "a" / "customers.parquet", row_group_size=100)
    data = {**tiny.SPEC["data"], "table": "customers.parquet"}
    assert digests(tiny.respec(tmp_path / "a", "parquet.yaml", data=data, **AUTO), tmp_path / "out") == usual


@pytest.mark.slow
def test_telco_whatever_the_order_and_the_cores(tmp_path, chs_data):
    """A table that is large enough for threads to share its rows."""
    import pandas as pd
    import yaml

    folder = Path(__file__).parents[1] / "experiments" / "telco"
    table = chs_data / "telco_ibm" / "Telco-Customer-Churn.csv"
    said = yaml.safe_load((folder / "calibration.yaml").read_text(encoding="utf-8"))
    said["data"]["table"] = "customers.csv"
    found = []
    for threads, order in ((2, None), (1, 3)):
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        frame = frame if order is None else frame.sample(frac=1.0, random_state=order)
        frame.to_csv(tmp_path / "customers.csv", index=False)
        (tmp_path / "calibration.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
        found.append(digests(tmp_path / "calibration.yaml", tmp_path / "out", threads))
    assert found[0] == found[1]
