"""Claim: the true weights of the demo are recovered.

No clear verdict has the wrong sign, 95 % intervals cover at their rate, and what does nothing is called clear no more
often than 5 %.

For each seed the demo is written to disk, its panel built from the files, a formula learned from the training rows and
refitted on all rows with every choice frozen: what `calibrate` does, without rivals and pictures. The truth is what was
planted, read at the knots and levels that were learned. A metric that left counts as covered only where 0 and the truth
lie in what the companion said when it left. "Nothing left out" is a companion of the same panel with every metric in
and the planted split made by hand, whatever was found.
Shares of metrics over seeds count each once, though those of one seed share their customers.
Run: python benchmarks/bench_demo.py [seeds, 40] [first seed, 0]
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from planted import CUSTOMERS, SPLIT, WHEN, matters, true_coefficients, true_ranges, without_truth
from scipy.stats import binomtest

from chs_ml.calibration.draft import learned_from
from chs_ml.calibration.rows import plans_of, sample_of, settings_of, split
from chs_ml.fit.evidence.companion import Companion, bending, companion_of
from chs_ml.fit.evidence.contrasts import Contrast, contrasts_of, signs_of
from chs_ml.fit.evidence.inference import verdict_of
from chs_ml.fit.fitting import Fitted, Sample, fit
from chs_ml.fit.learning import Learned, refit
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.splits.sides import in_two, unsplit
from chs_ml.history.demo import write_demo
from chs_ml.history.panel import Panel, load_panel
from chs_ml.spec import CalibrationSpec, load_spec

AGAINST = "contradicts its direction"


@dataclass(frozen=True)
class Interval:
    """What is said of a contrast, in log-odds of staying, and the truth between the same places.

    pair: it is the largest of several, not that from end to end.
    """

    estimate: float
    error: float
    low: float
    high: float
    truth: float
    pair: bool

    @property
    def covers(self) -> bool:
        """Whether the truth lies within."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Said:
    """What is said of a metric, or of a side of a split, as it is shipped; of one that left, as it left.

    key: of its plan. low, high: of the weight, None where it has no interval. true_weight: at the knots that were
    learned; None where the splits that were found leave the truth without one. true: the contrast has a truth. against:
    it is said to contradict its direction.
    """

    key: str
    contrast: Interval
    clear: bool
    against: bool
    left: bool
    true: bool
    weight: float = 0.0
    low: float | None = None
    high: float | None = None
    true_weight: float | None = None

    @property
    def covers(self) -> bool:
        """Whether the contrast is covered."""
        return self.contrast.covers and (not self.left or self.contrast.low <= 0.0 <= self.contrast.high)

    @property
    def weight_covers(self) -> bool:
        """Whether the true weight is covered; of a metric that left, its contrast."""
        if self.low is None or self.high is None or self.true_weight is None:
            return self.covers
        return self.low <= self.true_weight <= self.high


@dataclass(frozen=True)
class Study:
    """One seed. whole: by key, with nothing left out."""

    seed: int
    rows: int
    churned: int
    ramps: int
    splits: tuple[str, ...]
    shipped: tuple[Said, ...]
    whole: dict[str, Interval]


def study(seed: int) -> Study:
    """Write the demo of a seed, learn from it, and hold what was learned against what was planted."""
    with tempfile.TemporaryDirectory() as folder:
        demo = write_demo(Path(folder) / "demo", customers=CUSTOMERS, seed=seed)
        spec = load_spec(demo.spec)
        panel = load_panel(spec).known()
    learned = learned_from(split(panel, spec).training, spec, settings_of(spec), lambda *_: None)
    return held_against_the_truth(seed, panel, spec, learned)


def held_against_the_truth(seed: int, panel: Panel, spec: CalibrationSpec, learned: Learned) -> Study:
    """Return what one seed showed. learned: from the training rows."""
    sample, choice = sample_of(panel, spec, shipped=True), learned.choice
    whole = _everything(sample, spec, learned)
    return Study(
        seed=seed,
        rows=panel.rows,
        churned=int(panel.churned.sum()),
        ramps=choice.candidate.ramps,
        splits=tuple(f"{one.metric} by {one.when}" for one in choice.splits),
        shipped=tuple(_shipped(refit(sample, choice), whole, sample)),
        whole=_intervals(sample, whole),
    )


def _everything(sample: Sample, spec: CalibrationSpec, learned: Learned) -> Fitted:
    """Return the fit of all metrics, split as planted."""
    choice = learned.choice
    known = {plan.name: plan for plan in unsplit(choice.plans, choice.splits)}
    plans = [known.get(plan.name, plan) for plan in plans_of(spec)]
    plans = list(in_two(sample, plans, (SPLIT.metric, WHEN), choice.candidate.ramps, auto=False))
    return fit(sample.of(plans), plans, choice.candidate)


def _shipped(shipped: Learned, whole: Fitted, sample: Sample) -> Iterator[Said]:
    terms = {term.metric: term for term in shipped.inference.terms}
    contrasts, weights = _intervals(sample, shipped.fitted), weights_in(shipped.fitted)
    left = {one.metric: one.contrast for one in shipped.choice.left if one.contrast is not None}
    ranges = true_ranges(_companion(sample, whole).basis) | true_ranges(_companion(sample, shipped.fitted).basis)
    gone = {key: _interval(one, ranges[key][0 if one.signed else 1]) for key, one in left.items() if key in ranges}
    extents = {key: ranges[key][one.pair] for key, one in {**contrasts, **gone}.items()}
    untrue = without_truth(shipped.choice.splits)
    for key, contrast in {**contrasts, **gone}.items():
        term = terms.get(key)
        yield Said(
            key=key,
            contrast=contrast,
            clear=term is not None and term.verdict == "clear",
            against=(verdict_of(left[key], declared=True) if key in gone else term and term.verdict) == AGAINST,
            left=term is None,
            true=key.split(" | ")[0] not in untrue,
            weight=weights.get(key, 0.0),
            low=None if term is None else term.low,
            high=None if term is None else term.high,
            true_weight=None if untrue else extents[key] / sum(extents.values()),
        )


def _companion(sample: Sample, fitted: Fitted) -> Companion:
    rows = sample.of([metric.plan for metric in fitted.basis.metrics])
    return companion_of(rows, bending(rows, fitted.basis) if fitted.candidate.ramps == 1 else fitted.basis)


def _intervals(sample: Sample, fitted: Fitted) -> dict[str, Interval]:
    companion = _companion(sample, fitted)
    true, found = true_coefficients(companion.basis), {}
    for at, contrast in enumerate(contrasts_of(companion, signs_of(fitted))):
        columns = companion.basis.layout.columns_of(at)
        found[contrast.metric] = _interval(contrast, float(contrast.vector[columns] @ true[contrast.metric]))
    return found


def _interval(one: Contrast, truth: float) -> Interval:
    return Interval(one.estimate, one.standard_error, one.low, one.high, truth, not one.signed)


def report(found: Sequence[Study]) -> str:
    """Return what these seeds showed."""
    rows, churned = (np.mean([getattr(one, which) for one in found]) for which in ("rows", "churned"))
    ramps = ", ".join(f"{ramps} in {times}" for ramps, times in sorted(Counter(one.ramps for one in found).items()))
    splits = [", ".join(one.splits) or "none" for one in found]
    lines = [
        f"{len(found)} demos of {CUSTOMERS} customers, seeds {found[0].seed} to {found[-1].seed}; on average "
        f"{rows:.0f} rows, {churned:.0f} of them churned. Ramps: {ramps}.",
        "",
        "| splits found | demos | share (95 %, Wilson) |\n|---|---|---|",
        *(f"| {what} | {n} | {share([one == what for one in splits])} |" for what, n in Counter(splits).most_common()),
        "",
        "| | times | of | share (95 %, Wilson) |\n|---|---|---|---|",
        *(f"| {name} | {sum(flags)} | {len(flags)} | {share(flags)} |" for name, flags in _claims(found) if flags),
        "",
        *_by_metric(found),
        "",
        f"What does nothing keeps {_noise(found):.1f} % of the score.",
    ]
    return "\n".join(lines)


def _claims(found: Sequence[Study]) -> Iterator[tuple[str, list[bool]]]:
    said = [one for each in found for one in each.shipped]
    planted, nothing = ([one for one in said if matters(one.key) is which] for which in (True, False))
    true, weighed = [one for one in said if one.true], [one for one in said if one.true_weight is not None]
    whole = [(matters(key), one) for each in found for key, one in each.whole.items()]
    clear = [one.contrast for one in planted if one.clear]
    yield "a clear verdict on what matters has the wrong sign", [one.estimate * one.truth <= 0.0 for one in clear]
    yield "what matters is said to contradict its direction", [one.against for one in planted]
    yield "what matters is clear", [one.clear for one in planted]
    yield "what matters is left out", [one.left for one in planted]
    yield "what does nothing is clear", [one.clear for one in nothing]
    yield "what does nothing is said to contradict its direction", [one.against for one in nothing]
    yield "what does nothing is left out", [one.left for one in nothing]
    yield "contrasts covered, as shipped", [one.covers for one in true]
    yield "– of what matters", [one.covers for one in true if matters(one.key)]
    yield "– of what does nothing", [one.covers for one in true if not matters(one.key)]
    yield "contrasts covered, nothing left out", [one.covers for _, one in whole]
    yield "– of what matters", [one.covers for planted, one in whole if planted]
    yield "– of what does nothing", [one.covers for planted, one in whole if not planted]
    yield "– from end to end", [one.covers for _, one in whole if not one.pair]
    yield "– the largest of several", [one.covers for _, one in whole if one.pair]
    yield "weights covered, as shipped, where the planted split alone was found", [one.weight_covers for one in weighed]
    yield "– of what stayed", [one.weight_covers for one in weighed if not one.left]


def share(flags: Sequence[bool]) -> str:
    """Return '2.5 % (1.1 to 5.7)': Wilson's interval."""
    ends = binomtest(sum(flags), len(flags)).proportion_ci(method="wilson")
    return f"{100 * np.mean(flags):.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def _by_metric(found: Sequence[Study]) -> Iterator[str]:
    yield (
        "| metric | true contrast | estimate | bias, standard errors | spread, standard errors | covered, nothing left "
        "out, % | covered, as shipped, % | clear, % | left, % | true weight, % | bias, points | weight covered, % |"
    )
    yield f"|---|{'---|' * 11}"
    for key in found[0].whole:
        whole = [one.whole[key] for one in found]
        z = np.array([(one.estimate - one.truth) / one.error for one in whole])
        said = [one for each in found for one in each.shipped if one.key == key]
        true, weighed = [one for one in said if one.true], [one for one in said if one.true_weight is not None]
        cells = [
            *(f"{np.mean([getattr(one, which) for one in whole]):.2f}" for which in ("truth", "estimate")),
            f"{z.mean():+.2f}",
            f"{z.std(ddof=min(1, len(z) - 1)):.2f}",
            *map(_percent, ([one.covers for one in whole], [one.covers for one in true])),
            *map(_percent, ([one.clear for one in said], [one.left for one in said])),
            _mean([100 * (one.true_weight or 0.0) for one in weighed], ".1f"),
            _mean([100 * (one.weight - (one.true_weight or 0.0)) for one in weighed], "+.1f"),
            _percent([one.weight_covers for one in weighed]),
        ]
        yield f"| {key.replace('|', 'where')} | {' | '.join(cells)} |"


def _noise(found: Sequence[Study]) -> float:
    return 100 * float(np.mean([sum(one.weight for one in each.shipped if not matters(one.key)) for each in found]))


def _percent(flags: Sequence[bool]) -> str:
    return _mean([100.0 * flag for flag in flags], ".0f")


def _mean(numbers: Sequence[float], how: str) -> str:
    return format(np.mean(numbers), how) if numbers else ""


def main() -> None:
    """Run the seeds one after another, and print what they showed."""
    seeds, first = (int(word) for word in (sys.argv[1:] + ["40", "0"][len(sys.argv) - 1 :])[:2])
    print(f"# The demo's true weights\n\n`python benchmarks/bench_demo.py {seeds} {first}`, part of `make bench`\n")
    print(report([study(seed) for seed in range(first, first + seeds)]))


if __name__ == "__main__":
    main()
