"""Claim: the same problem, solved as exactly, costs a fraction of what glum and scikit-learn need.

Linear: 1M rows x 30 metrics, a straight line each; at least 5 times less than glum and 8 times less than lbfgs.
Curves: 300k rows x 30 metrics x 8 ramps under active signs; at least 8 times less than glum on the dense ramps.
Memory: solver and encoded table below twice the raw table.

CPU seconds, all threads together, BLAS on one thread. Ours begins at the raw columns (placing values on given knots is
counted); the rivals get the design ready, in the order of memory that each likes best. Every solver runs at the loosest
tolerance with which it reaches the same objective to 1e-9, alternating, median of the repeats. Where a rival knows no
signs, the problem is one in which they do not bind.

Run: python benchmarks/bench_fit.py [--small] [--startup]
"""

# ruff: noqa: D102, E402
from __future__ import annotations

import os

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chs_ml.fit.basis import Basis, CurveBasis
from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.evidence.inference import Inference, inference_of
from chs_ml.fit.fitting import Candidate, Fitted, Sample
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.objective import Objective
from chs_ml.fit.scrutiny.collinear import same_information
from chs_ml.fit.scrutiny.leaks import separations
from chs_ml.fit.solver import Bounds, Solution, minimise
from chs_ml.fit.table import Column, MetricPlan, Table

METRICS = 30
REPEATS = 5
AGREE = 1e-9


@dataclass(frozen=True)
class Problem:
    """Raw columns, outcomes, what is declared of each metric, and the knots; the rivals see ``dense``."""

    name: str
    columns: np.ndarray
    retained: np.ndarray
    directions: tuple[str, ...]
    ramps: int
    size: float

    @property
    def table(self) -> Table:
        return Table(tuple(Column(f"m{j}", column) for j, column in enumerate(self.columns)))

    @cached_property
    def plans(self) -> tuple[MetricPlan, ...]:
        return tuple(MetricPlan(f"m{j}", direction) for j, direction in enumerate(self.directions))

    @cached_property
    def basis(self) -> Basis:
        spread = np.linspace(0.01, 0.99, self.ramps + 1)
        knots = [np.quantile(column, spread) for column in self.columns]
        unused = np.zeros(self.ramps)
        return Basis(tuple(CurveBasis(p, k, unused, False) for p, k in zip(self.plans, knots, strict=True)))

    @cached_property
    def dense(self) -> np.ndarray:
        """Rows x ramps, written down without the package, in Fortran order."""
        design = np.empty((self.columns.shape[1], METRICS * self.ramps), order="F")
        for j, metric in enumerate(self.basis.metrics):
            for k in range(self.ramps):
                low, high = metric.knots[k : k + 2]
                design[:, j * self.ramps + k] = np.clip((self.columns[j] - low) / (high - low), 0.0, 1.0)
        return design

    def objective_at(self, beta: np.ndarray) -> float:
        eta = beta[0] + self.dense @ beta[1:]
        loss = np.logaddexp(0.0, eta).sum() - self.retained @ eta
        return float(loss + 0.5 * self.size * beta[1:] @ beta[1:])


def linear(rows: int, size: float) -> Problem:
    """Skewed, correlated metrics; no sign binds."""
    draw = np.random.default_rng(0)
    columns, weights = _correlated(draw, rows), draw.uniform(0.2, 0.6, METRICS) * draw.choice([-1, 1], METRICS)
    columns = np.exp(0.5 * columns)
    edges = np.quantile(columns, [0.01, 0.99], axis=1)
    along = np.clip((columns - edges[0][:, None]) / (edges[1] - edges[0])[:, None], 0, 1)
    eta = 1.2 + 4.0 * weights @ (along - along.mean(axis=1, keepdims=True))
    signs = tuple("positive" if weight > 0 else "negative" for weight in weights)
    return Problem("linear", columns, _drawn(draw, eta), signs, 1, size)


def curves(rows: int) -> Problem:
    """Skewed, correlated metrics whose curves level off; about a third say nothing, so that many signs bind."""
    draw = np.random.default_rng(0)
    columns, weights = _correlated(draw, rows), np.abs(draw.normal(0, 0.6, METRICS))
    weights[draw.random(METRICS) < 0.3] = 0.0
    eta = 1.6 + weights @ np.tanh(columns / 1.5)
    return Problem("curves", np.exp(columns), _drawn(draw, eta), ("positive",) * METRICS, 8, 1.0)


def _correlated(draw: np.random.Generator, rows: int) -> np.ndarray:
    columns = draw.standard_normal((METRICS, rows))
    columns[1:] = 0.6 * columns[1:] + 0.4 * columns[:1]
    return columns


def _drawn(draw: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    return (draw.random(len(eta)) < 1.0 / (1.0 + np.exp(-eta))).astype(np.float64)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def ours(problem: Problem, tolerance: float) -> Solution:
    """From raw columns to coefficients: place values on the knots, solve under the signs."""
    rows = len(problem.retained)
    encoded = problem.basis.encode(problem.table)
    objective = Objective(encoded, problem.retained, np.ones(rows), problem.basis.penalty(problem.size, 0.0))
    return minimise(objective, Bounds(*problem.basis.bounds()), tolerance=tolerance)


@dataclass
class Contender:
    """A solver at a tolerance: ``solve`` gives the coefficients, the intercept first."""

    name: str
    solve: Callable[[float], np.ndarray]
    tolerances: tuple[float, ...]
    tolerance: float = np.nan
    gap: float = np.nan

    def settle(self, problem: Problem, best: float) -> None:
        """Take the loosest tolerance that reaches the best objective."""
        for tolerance in self.tolerances:
            self.tolerance, self.gap = tolerance, problem.objective_at(self.solve(tolerance)) / best - 1.0
            if self.gap <= AGREE:
                return


LOOSE_TO_TIGHT = tuple(10.0**-k for k in range(3, 10))


def glum(problem: Problem, design: np.ndarray, *, signs: bool) -> Contender:
    from glum import GeneralizedLinearRegressor

    bounds: dict[str, Any] = {}
    if signs:
        lower, upper = problem.basis.bounds()
        bounds = {"lower_bounds": lower[1:], "upper_bounds": upper[1:]}
    alpha = problem.size / len(problem.retained)

    def solve(tolerance: float) -> np.ndarray:
        model = GeneralizedLinearRegressor(family="binomial", alpha=alpha, l1_ratio=0, gradient_tol=tolerance, **bounds)
        model.fit(design, problem.retained)
        return np.append(model.intercept_, model.coef_)

    return Contender(f"glum{' with signs' if signs else ''}", solve, LOOSE_TO_TIGHT)


def scikit_learn(problem: Problem, design: np.ndarray, solver: str) -> Contender:
    from sklearn.linear_model import LogisticRegression

    def solve(tolerance: float) -> np.ndarray:
        model = LogisticRegression(C=1.0 / problem.size, solver=solver, tol=tolerance, max_iter=2_000)
        model.fit(design, problem.retained)
        return np.append(model.intercept_, model.coef_)

    return Contender(f"scikit-learn {solver}", solve, LOOSE_TO_TIGHT)


def unscaled(contender: Contender, mean: np.ndarray, deviation: np.ndarray) -> Contender:
    """The same solver on standardised columns, its coefficients turned back."""
    solve = contender.solve

    def turned(tolerance: float) -> np.ndarray:
        beta = solve(tolerance)
        slopes = beta[1:] / deviation
        return np.append(beta[0] - slopes @ mean, slopes)

    return Contender(f"{contender.name}, standardised", turned, contender.tolerances)


def race(problem: Problem, rivals: list[Contender], repeats: int) -> dict[str, float]:
    """Print a line for each contender; return how many times less CPU ours takes than each."""
    mine = Contender("chs_ml", lambda tolerance: ours(problem, tolerance).beta, LOOSE_TO_TIGHT)
    contenders = [mine, *rivals]
    best = min(problem.objective_at(one.solve(one.tolerances[-1])) for one in contenders[:2])
    for one in contenders:
        one.settle(problem, best)
    seconds: dict[str, list[float]] = {one.name: [] for one in contenders}
    for _ in range(repeats):
        for one in contenders:
            seconds[one.name].append(cpu(lambda one=one: one.solve(one.tolerance))[0])
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for one in contenders:
        ratio = medians[one.name] / medians["chs_ml"]
        reached = "" if one.gap <= AGREE else "  (does not reach it)"
        print(f"  {one.name:<42}{medians[one.name]:8.2f} s {ratio:7.1f} x   tol {one.tolerance:.0e}"
              f"   relative gap {max(one.gap, 0.0):.0e}{reached}")  # fmt: skip
    return {name: median / medians["chs_ml"] for name, median in medians.items()}


def describe(problem: Problem) -> None:
    """Print what our time is made of, and the floor of the same kernel."""
    rows, basis = len(problem.retained), problem.basis
    placing, encoded = cpu(lambda: basis.encode(problem.table))
    weight = np.ones(rows)
    objective = Objective(encoded, problem.retained, weight, problem.basis.penalty(problem.size, 0.0))
    solution = minimise(objective, Bounds(*problem.basis.bounds()))
    gradient = min(cpu(lambda: objective.value_and_gradient(solution.beta))[0] for _ in range(3))
    hessian = min(cpu(lambda: objective.hessian(solution.beta))[0] for _ in range(2))
    knots, _ = cpu(lambda: basis_of(problem.table, problem.retained, weight, problem.plans, problem.ramps))
    print(f"{problem.name}: {rows:,} rows x {METRICS} metrics x {problem.ramps} ramps, size {problem.size:g}, "
          f"{int(solution.on_bound.sum())} of {len(solution.beta)} coefficients on their bound")  # fmt: skip
    print(f"  floor (one Hessian, three gradients) {hessian + 3 * gradient:.2f} s = {hessian:.2f} + 3 x {gradient:.3f};"
          f" placing values {placing:.2f} s; to 1e-9 per row: {solution.gradients} gradients, {solution.hessians}"
          f" full Hessians; knots from data, not counted, {knots:.2f} s")  # fmt: skip


def beside_the_fit(problem: Problem) -> None:
    """Print what is found out beside the fit, in its cost: who says the same, who separates, how sure the rest is."""
    rows = len(problem.retained)
    sample = Sample(problem.table, problem.retained, np.ones(rows), np.arange(rows))
    separations(sample, problem.basis)  # the solver of linear programmes is loaded
    times, solution = min((cpu(lambda: ours(problem, 1e-9)) for _ in range(3)), key=lambda one: one[0])
    fitted = Fitted(problem.basis, solution, Candidate(problem.ramps, problem.size))
    for name, work in (
        ("same information", lambda: same_information(sample, problem.plans)),
        ("separation", lambda: separations(sample, problem.basis)),
        ("evidence (companion, sandwich, contrasts)", lambda: _evidence(sample, fitted)),
    ):
        seconds = min(cpu(work)[0] for _ in range(3))
        print(f"  beside the fit, {name}: {seconds:.2f} s = {seconds / times:.0%} of it")


def _evidence(sample: Sample, fitted: Fitted) -> Inference:
    companion = companion_of(sample, fitted.basis, fitted.solution.beta)
    return inference_of(companion, contrasts_of(companion, signs_of(fitted)), weights_in(fitted))


def memory(rows: int) -> None:
    """Print what a fit of curves needs beside its raw table: a process of its own, the peak that the system saw."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        problem = curves(rows)
        np.savez(path, columns=problem.columns, retained=problem.retained)
        answer = _child("--fit-only", str(path))
    raw, peak = answer["raw"], answer["peak"]
    print(f"memory, {rows:,} rows: raw table {raw:.0f} MB; encoded table and solver at their peak {peak:.0f} MB "
          f"= {peak / raw:.2f} x, with the table {1 + peak / raw:.2f} x")  # fmt: skip


def _fit_only(path: str) -> None:
    ours(curves(50_000), 1e-6)  # compiled, and every library's own memory taken
    with np.load(path) as stored:
        columns, retained = stored["columns"], stored["retained"]
    problem = Problem("curves", columns, retained, ("positive",) * METRICS, 8, 1.0)
    _ = problem.basis  # knots are given
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far is forgotten (Linux)
    before = _resident("VmRSS")
    ours(problem, 1e-9)
    peak = _resident("VmHWM") - before
    print(json.dumps({"raw": columns.nbytes / 1e6, "peak": peak / 1e6}))


def _resident(what: str) -> float:
    """Return bytes that the system counts for this process: now (VmRSS), or at the peak (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024.0 * int(status.split(f"{what}:")[1].split()[0])


def startup() -> None:
    """Print what the first fit on a machine and the first fit of a process cost."""
    with tempfile.TemporaryDirectory() as empty:
        cold = _child("--tiny", cache=empty)
        warm = _child("--tiny", cache=empty)
    print(f"start-up: interpreter and imports {warm['imports']:.2f} s; first tiny fit {warm['first']:.2f} s with the "
          f"compiled code cached ({cold['first']:.1f} s on a new machine), the next {warm['next']:.3f} s")  # fmt: skip


def _tiny() -> None:
    imports = time.process_time()
    from chs_ml.fit.fitting import Candidate, Sample, fit

    draw = np.random.default_rng(0)
    table = Table(tuple(Column(f"m{j}", draw.normal(size=500)) for j in range(3)))
    sample = Sample(table, (draw.random(500) < 0.7).astype(float), np.ones(500), np.arange(500))
    plans = tuple(MetricPlan(f"m{j}", "free") for j in range(3))
    seconds = [cpu(lambda size=size: fit(sample, plans, Candidate(8, size)))[0] for size in (1.0, 2.0)]
    print(json.dumps({"imports": imports, "first": seconds[0], "next": seconds[1]}))


def _child(*arguments: str, cache: str | None = None) -> dict[str, float]:
    returned = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}  # what is freed is given back
    environment = {**os.environ, **returned, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    command = [sys.executable, str(Path(__file__)), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main(small: bool) -> None:
    """Print everything, and which of the claims hold."""
    warnings.filterwarnings("ignore")
    scale, repeats = (20, 1) if small else (1, REPEATS)
    ours(linear(50_000, 1.0), 1e-6)
    ours(curves(50_000), 1e-6)
    straight = linear(1_000_000 // scale, 1.0)
    describe(straight)
    by_row = np.ascontiguousarray(straight.dense)
    rivals = [glum(straight, straight.dense, signs=signs) for signs in (True, False)]
    rivals += [scikit_learn(straight, by_row, solver) for solver in ("lbfgs", "newton-cholesky")]
    ratios = race(straight, rivals, repeats)

    unheld = linear(1_000_000 // scale, 1e-9)
    describe(unheld)
    mean, deviation = unheld.dense.mean(axis=0), unheld.dense.std(axis=0)
    scaled = np.asfortranarray((unheld.dense - mean) / deviation)
    kind = [glum(unheld, scaled, signs=False), scikit_learn(unheld, np.ascontiguousarray(scaled), "lbfgs")]
    race(unheld, [unscaled(rival, mean, deviation) for rival in kind], repeats)
    del by_row, scaled, straight, unheld

    bent = curves(300_000 // scale)
    describe(bent)
    beside_the_fit(bent)
    bent_ratios = race(bent, [glum(bent, bent.dense, signs=True)], repeats)
    memory(300_000 // scale)
    startup()
    for claim, reached, wanted in (
        ("linear, glum", ratios["glum with signs"], 5),
        ("linear, lbfgs", ratios["scikit-learn lbfgs"], 8),
        ("curves, glum", bent_ratios["glum with signs"], 8),
    ):
        print(f"{claim}: {reached:.1f} x, {wanted} x wanted: {'yes' if reached >= wanted else 'NO'}")


if __name__ == "__main__":
    if "--tiny" in sys.argv:
        _tiny()
    elif "--fit-only" in sys.argv:
        _fit_only(sys.argv[-1])
    elif "--startup" in sys.argv:
        startup()
    else:
        main("--small" in sys.argv)
