"""Folds that keep a customer whole and do not depend on the order of rows: by hash(seed, customer)."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from chs_ml.formula.columns import FloatArray, IntArray


def shares_of(customers: Any, seed: int, purpose: str = "folds") -> FloatArray:
    """Return for each row a number in 0..1 that depends on the customer, the seed and the purpose alone.

    purpose: at most 16 letters; draws for different purposes are independent of each other.
    """
    names, position = np.unique(np.asarray(customers).astype(str), return_inverse=True)
    key = seed.to_bytes(8, "big", signed=True)
    hashed = [
        hashlib.blake2b(name.encode(), digest_size=7, key=key, person=purpose.encode()).digest()
        for name in names.tolist()
    ]
    return np.array([int.from_bytes(digest, "big") / 2.0**56 for digest in hashed])[position]


def folds_of(customers: Any, seed: int, folds: int) -> IntArray:
    """Return for each row its fold, 0 … folds - 1."""
    return np.floor(shares_of(customers, seed) * folds).astype(np.intp)
