from __future__ import annotations

import numpy as np

from chs_ml.fit.folds import folds_of, shares_of

CUSTOMERS = np.array([f"клієнт {k}" for k in range(3_000)], dtype=object)


def test_a_customer_is_in_one_fold():
    customers = np.repeat(CUSTOMERS, 3)
    folds = folds_of(customers, 0, 5).reshape(-1, 3)
    assert (folds == folds[:, :1]).all()


def test_folds_do_not_depend_on_the_order_or_on_who_else_is_there():
    order = np.random.default_rng(0).permutation(3_000)
    np.testing.assert_array_equal(folds_of(CUSTOMERS[order], 7, 5), folds_of(CUSTOMERS, 7, 5)[order])
    np.testing.assert_array_equal(folds_of(CUSTOMERS[:10], 7, 5), folds_of(CUSTOMERS, 7, 5)[:10])


def test_folds_are_about_equal_and_use_every_number():
    counts = np.bincount(folds_of(CUSTOMERS, 0, 5), minlength=5)
    assert len(counts) == 5
    assert (np.abs(counts - 600) < 4 * np.sqrt(600 * 0.8)).all()


def test_seeds_and_purposes_draw_independently():
    drawn = [shares_of(CUSTOMERS, 0), shares_of(CUSTOMERS, 1), shares_of(CUSTOMERS, -1), shares_of(CUSTOMERS, 0, "b")]
    correlation = np.corrcoef(drawn) - np.eye(4)
    assert np.abs(correlation).max() < 0.1


def test_shares_lie_evenly_between_0_and_1():
    shares = np.sort(shares_of(CUSTOMERS, 3))
    assert shares[0] >= 0
    assert shares[-1] < 1
    assert np.abs(shares - np.linspace(0, 1, 3_000)).max() < 0.04


def test_a_number_and_its_text_are_the_same_customer():
    np.testing.assert_array_equal(shares_of(np.arange(50), 0), shares_of([str(k) for k in range(50)], 0))
