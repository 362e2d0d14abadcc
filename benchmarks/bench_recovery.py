"""Claim: what is said of the weights holds. Simulated panels with a known truth, learned from as `calibrate` does.

Prints markdown; a full run is kept in benchmarks/results/recovery.md. Coverage is of 95 % intervals, against the
population's averaged truth at the knots that were learned. A metric that left counts as covered only where 0 and the
truth lie in what the companion said when it left.
Run: python benchmarks/bench_recovery.py [panels of each study, 500] [processes, 2]
"""

from __future__ import annotations

import os
import sys

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from recovery import Study, efficiency, studies

from chs_ml.fit.selection import Settings
from chs_ml.history.known_worlds import coverage_world
from chs_ml.history.worlds import World

KEPT, FULL = Path(__file__).parent / "results" / "recovery.md", 500
NOISE = 4
"""The last metrics of the coverage world do nothing."""
NAIVE, STRONG = "contrast covered if rows were independent, %", 1.0
"""Worth a line where customers differ much from one another."""
Table = Callable[[Sequence[Study]], np.ndarray]
LINES: dict[str, Table] = {
    "contrast covered, %": lambda found: 100 * np.mean([one.contrast for one in found], 0),
    "weight covered, %": lambda found: 100 * np.mean([one.weight for one in found], 0),
    NAIVE: lambda found: 100 * np.mean([one.naive for one in found], 0),
    "called clear, %": lambda found: 100 * np.mean([one.clear for one in found], 0),
    "left, %": lambda found: 100 * np.mean([one.final == 0 for one in found], 0),
    "weight outside its interval, %": lambda found: 100 * np.mean([one.outside for one in found], 0),
    "true weight, %": lambda found: 100 * np.mean([one.true for one in found], 0),
    "bias of the final weight, points": lambda found: 100 * np.mean([one.final - one.true for one in found], 0),
    "bias with nothing left out, points": lambda found: 100 * np.mean([one.plain - one.true for one in found], 0),
}


def report(title: str, world: World, settings: Settings, seeds: Sequence[int], processes: int) -> str:
    """Return what so many panels of a world showed."""
    found = studies(world, settings, seeds, processes)
    names = [metric.name for metric in world.metrics]
    lines = [f"## {title}", "", f"{len(found)} panels, seeds {seeds[0]} to {seeds[-1]}.", ""]
    lines += [f"| | all | {' | '.join(names)} |", f"|---|{'---|' * (1 + len(names))}"]
    for line, of in LINES.items():
        if line == NAIVE and world.effect < STRONG:
            continue
        values = of(found)
        together = "" if "bias" in line or "true" in line else f"{values.mean():.1f}"
        lines.append(f"| {line} | {together} | {' | '.join(f'{value:.1f}' for value in values)} |")
    final, plain = (np.array([getattr(one, which) for one in found]) for which in ("final", "plain"))
    bias, before = (100 * np.abs(np.mean(kept - [one.true for one in found], 0)).max() for kept in (final, plain))
    lines += [
        "",
        f"Noise keeps {100 * final[:, -NOISE:].sum(1).mean():.1f} % of the final score "
        f"({100 * plain[:, -NOISE:].sum(1).mean():.1f} % with nothing left out). "
        f"Coefficients of a wrong sign: {sum(one.wrong_signs for one in found)}. "
        f"Largest bias of a final weight: {bias:.1f} points ({before:.1f} with nothing left out).",
    ]
    return "\n".join([*lines, "", *claims(found)])


def claims(found: Sequence[Study]) -> list[str]:
    """Return what is claimed of 95 % intervals and of noise, and whether these panels bear it out."""
    covered = {which: 100 * np.mean([getattr(one, which) for one in found], 0) for which in ("contrast", "weight")}
    clear = 100 * np.mean([one.clear[-NOISE:] for one in found])
    lines = [f"- noise called clear: {clear:.1f} % (at most 5): {_holds(clear <= 5)}"]
    for which, each in covered.items():
        low, high, mean = each.min(), each.max(), each.mean()
        lines.append(
            f"- {which}s covered: {mean:.1f} % (93 to 97): {_holds(93 <= mean <= 97)}; each by itself {low:.1f} to "
            f"{high:.1f} % (91 to 98): {_holds(low >= 91 and high <= 98)}"
        )
    return lines


def _holds(claim: bool) -> str:
    return "holds" if claim else "**does not hold**"


def efficient(tables: int) -> str:
    """Return how near free, unpenalised coefficients come to the best that is possible."""
    ratios = efficiency(20_000, tables)
    together = np.sqrt(np.mean(ratios**2))
    return (
        f"## Efficiency\n\nRoot mean square error of {len(ratios)} free, unpenalised coefficients at 20,000 rows over "
        f"the Cramér–Rao bound, {tables} tables: {together:.3f} together, {ratios.max():.3f} at most (one ratio is "
        f"known to ± {1 / np.sqrt(2 * tables):.3f})."
    )


def main() -> None:
    """Run every study, print what it showed, and keep a full run."""
    panels, processes = (int(word) for word in (sys.argv[1:] + ["500", "2"][len(sys.argv) - 1 :])[:2])
    few, strict = max(panels // 5, 1), Settings(evidence="strict")
    seeds = range(panels)
    command = f"`python benchmarks/bench_recovery.py {panels} {processes}`, part of `make bench`"
    parts = [f"# What is said of the weights, against the truth\n\n{command}"]
    for title, world, settings, some in (
        ("5,000 customers × 2 cutoffs, customer effect 0.7", coverage_world(), Settings(), seeds),
        ("1,000 customers × 4 cutoffs, customer effect 0.7", coverage_world(1000, 4), Settings(), seeds),
        ("5,000 × 2 with `evidence: strict`", coverage_world(), strict, seeds[:few]),
        ("1,000 customers × 12 cutoffs, customer effect 2", coverage_world(1000, 12, 2.0), Settings(), seeds[:few]),
    ):
        parts.append(report(title, world, settings, some, processes))
        print(f"{parts[-1]}\n", flush=True)
    parts.append(efficient(4 * few))
    print(parts[-1])
    if panels >= FULL:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
