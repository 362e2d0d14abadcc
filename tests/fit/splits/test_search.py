from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import kstest

from chs_ml.fit.evidence.companion import COMPANION
from chs_ml.fit.fitting import Candidate, basis_for, fit, objective_of
from chs_ml.fit.splits.crossing import crossed
from chs_ml.fit.splits.cuts import Cuts, cuts_of, finer_cuts, gaps
from chs_ml.fit.splits.search import Pair, Search
from chs_ml.formula import Condition
from tests.fit.splits import worlds

EIGHT = Candidate(8, 1.0)


def searched(sample, candidate=EIGHT):
    fitted = fit(sample, worlds.AUTO, candidate)
    cuts = cuts_of(sample, basis_for(sample, worlds.AUTO, COMPANION.ramps))
    return Search(sample, fitted), cuts


def test_the_planted_pair_comes_first():
    search, cuts = searched(worlds.sample())
    found = search.pairs(cuts, range(4))
    assert (found[0].metric, found[0].when) == ("usage", Condition("calls", above=3.0))
    assert found == sorted(found, key=lambda pair: pair.log_p)
    assert all(pair.metric != pair.when.metric for pair in found)
    assert {pair.metric for pair in search.pairs(cuts, [1, 3])} == {"calls", "noise"}
    assert search.pairs([], range(4)) == search.pairs(cuts, []) == []


def test_sums_are_those_of_a_dense_table():
    sample = worlds.sample(400)
    fitted = fit(sample, worlds.AUTO, EIGHT)
    objective, beta = objective_of(sample, fitted.basis, EIGHT), fitted.solution.beta
    cuts = cuts_of(sample, basis_for(sample, worlds.AUTO, 8))
    expected = expit(objective.log_odds(beta))
    w, r = expected * (1 - expected), sample.retained - expected
    for at, tables in zip([0, 2], crossed(objective, beta, cuts, [0, 2]), strict=True):
        slots, fractions = objective.encoded.slots_of(at), objective.encoded.fractions_of(at)
        f = fractions if len(fractions) else np.zeros(400)
        for cut, table in zip(cuts, tables, strict=True):
            for b in range(cut.count):
                for q in range(table.shape[1]):
                    rows = (cut.bins == b) & (slots == q)
                    sums = [(part * rows).sum() for part in (w, w * f, w * f**2, r, r * f)]
                    assert table[b, q] == pytest.approx(sums, abs=1e-9)


def test_the_score_test_is_that_of_both_sides_written_out():
    """Against the efficient score of the difference, by dense algebra."""
    sample = worlds.sample(500)
    search, _ = searched(sample)
    condition = Condition("calls", above=2.0)
    bins = (sample.table.columns[1].values > 2.0).astype(np.uint8)
    [pair] = search.pairs([Cuts((condition,), bins, nested=True)], [0])
    objective = search._objective
    beta, columns = search.fitted.solution.beta, objective.encoded.layout.columns_of(0)
    design = np.array(objective.scores(beta, slice(0, 500)))  # gradient rows: (µ - y) φ
    expected = expit(objective.log_odds(beta))
    phi = (design / (expected - sample.retained)).T[:, columns]
    w, r = expected * (1 - expected), sample.retained - expected
    parts = []
    for side in (bins == 1, bins == 0):
        centred = phi[side] - np.average(phi[side], axis=0, weights=w[side])
        parts.append((centred.T @ (centred * w[side][:, None]), centred.T @ r[side]))
    (a, u), (b, v) = parts
    share = np.linalg.pinv(a + b)
    information, score = a @ share @ b, u - a @ share @ (u + v)
    penalty = search.fitted.basis.metrics[0].penalty(COMPANION.size, COMPANION.bend)
    held = np.linalg.solve(information + penalty, np.column_stack([information, score]))
    mean, spread = np.trace(held[:, :-1]), np.trace(held[:, :-1] @ held[:, :-1])
    from scipy.stats import chi2

    assert pair.log_p == pytest.approx(chi2.logsf(score @ held[:, -1] * mean / spread, mean**2 / spread), rel=1e-5)


@pytest.mark.slow
def test_without_interaction_p_is_uniform():
    found = []
    for seed in range(60):
        search, cuts = searched(worlds.sample(2_000, seed, turned=False))
        pairs = search.pairs(cuts, range(4))
        found += [np.exp(pair.log_p) for pair in pairs if pair.metric == "noise" and pair.when.level == "pro"]
    assert kstest(found, "uniform").pvalue > 0.01


def test_cuts_leave_enough_on_either_side():
    sample = worlds.sample(1_000)
    for cut in cuts_of(sample, basis_for(sample, worlds.AUTO, 8)):
        for at, condition in enumerate(cut.conditions):
            column = next(one for one in sample.table.columns if one.name == condition.metric)
            holds = column.holds(condition)
            assert np.array_equal(cut.bins > at if cut.nested else cut.bins == at, holds)
            for side in (holds, ~holds):
                assert min(sample.retained[side].sum(), (1 - sample.retained[side]).sum()) >= 20
                assert side.mean() >= 0.02


def test_a_missing_value_makes_no_condition_true():
    table = worlds.frame(1_000)
    table.loc[::3, "calls"] = np.nan
    sample = worlds.sample(table=table)
    cut = cuts_of(sample, basis_for(sample, worlds.AUTO, 8))[1]
    assert (cut.bins[::3] == 0).all() and cut.bins.max() == len(cut.conditions)


def test_of_two_levels_the_rarer_is_the_condition():
    table = worlds.frame(1_000)
    table["plan"] = np.where(table["noise"] > 0.8, "pro", "basic")
    sample = worlds.sample(table=table)
    assert cuts_of(sample, basis_for(sample, worlds.AUTO, 8))[2].conditions == (Condition("plan", level="pro"),)


def test_numbers_are_cut_at_round_numbers():
    sample = worlds.sample(3_000)
    thresholds = [one.above for one in finer_cuts(sample.table.columns[0], sample).conditions]
    assert len(thresholds) > 50
    assert all(len(f"{above:g}") <= 6 for above in thresholds)
    counts = [one.above for one in finer_cuts(sample.table.columns[1], sample).conditions]
    assert counts == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_best_cut_is_a_round_one():
    table = worlds.frame(4_000)
    table["calls"] = np.round(table["calls"] + 0.37 * table["noise"], 3)
    sample = worlds.sample(table=table)
    search, _ = searched(sample)
    pair = search.rounded(Pair(0, "usage", Condition("calls", above=2.9371), -10.0))
    assert pair.when.above == pytest.approx(3.0, abs=0.1) and len(f"{pair.when.above:g}") <= 4
    level = Pair(0, "usage", Condition("plan", level="pro"), -1.0)
    assert search.rounded(level) == level


def test_straight_formulas_are_searched_too():
    search, cuts = searched(worlds.sample(), Candidate(1, 1.0))
    assert search.pairs(cuts, range(4))[0].when == Condition("calls", above=3.0)


def test_a_threshold_at_zero_is_no_negative_zero():
    sample = worlds.sample(400)
    column = sample.table.columns[0]
    found = gaps(np.array([-1.0, 0.0, 2.0]), column, sample)
    assert [str(one) for one in found.tolist()] == ["0.0" if one == 0.0 else str(one) for one in found.tolist()]
    assert 0.0 in gaps(np.array([-1.0, 1.0]), column, sample).tolist()
    assert not np.signbit(gaps(np.array([-1.0, 1.0]), column, sample)).any()
