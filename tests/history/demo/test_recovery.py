"""What was planted is found again from the files alone; over many seeds: benchmarks/bench_demo.py."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from chs_ml.calibration import Calibration, calibrate
from chs_ml.export.evidence import evidence_by_term
from chs_ml.history.demo import write_demo

pytestmark = pytest.mark.slow
AGAINST = "contradicts its direction"


@dataclass(frozen=True)
class Found:
    """A calibration of the demo as it comes, and what was planted."""

    done: Calibration
    planted: list[dict]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """truth/ is taken away before the calibration: what is not there cannot be opened."""
    folder = Path(tmp_path_factory.mktemp("recovery"))
    demo = write_demo(folder / "demo")
    kept = demo.truth.parent.rename(folder / "kept") / demo.truth.name
    assert not demo.truth.exists()
    done = calibrate(demo.spec, folder / "run", track=False)
    return Found(done, json.loads(kept.read_text(encoding="utf-8"))["terms"])


def test_no_clear_verdict_goes_against_the_truth(found):
    evidence, clear = evidence_by_term(found.done.weights), set()
    for term in found.done.formula.terms:
        assert evidence[term.key]["verdict"] != AGAINST, term.key
        planted = [one for one in found.planted if one["metric"] == term.metric and one["log_odds"] > 0]
        if evidence[term.key]["verdict"] == "clear" and planted:
            low, high = term.shape.health(worst_and_best(planted[0]))
            assert low < high, term.key
            clear.add(term.metric)
    assert not [one["metric"] for one in found.done.weights.training["left_out"] if one["verdict"] == AGAINST]
    assert len(clear) >= 8


def worst_and_best(planted: dict) -> np.ndarray:
    """Return the values at which the planted health is lowest and highest."""
    if planted["kind"] == "levels":
        ordered = sorted(planted["levels"], key=lambda level: level[1])
        return np.array([ordered[0][0], ordered[-1][0]], dtype=object)
    knots = np.array(planted["knots"])
    return knots[[np.argmin(planted["values"]), np.argmax(planted["values"])]]


def test_the_planted_split_is_found_and_no_other(found):
    sides = {(term.metric, str(term.when)) for term in found.done.formula.terms if term.when is not None}
    assert sides == {("tickets_90d", "plan = basic"), ("tickets_90d", "plan ≠ basic")}


def test_what_matters_weighs_and_what_does_nothing_hardly_does(found):
    true = heaviest((one["metric"], one["weight"]) for one in found.planted)
    learned = heaviest((term.metric, term.weight) for term in found.done.formula.terms)
    assert sum(learned.get(metric, 0.0) for metric, weight in true.items() if weight == 0.0) < 0.12
    pairs = [(weight, learned.get(metric, 0.0)) for metric, weight in true.items()]
    assert np.corrcoef(pairs, rowvar=False)[0, 1] > 0.7


def heaviest(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the weight of each metric, of the two sides of a split the heavier one."""
    found: dict[str, float] = {}
    for metric, weight in weights:
        found[metric] = max(weight, found.get(metric, 0.0))
    return found
