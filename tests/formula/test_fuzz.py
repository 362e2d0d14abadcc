"""Ten thousand damaged weights files: each loads or is refused with a FormulaError, none takes long."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path

import pytest

from chs_ml.errors import FormulaError
from chs_ml.formula import WeightsFile
from chs_ml.formula.canonical import digest_of

FIRST = json.loads((Path(__file__).parent / "files" / "first.json").read_bytes())
FEWER = json.dumps({**FIRST, "vectors": FIRST["vectors"][:3]}, ensure_ascii=False, indent=1).encode()
MIB = 1024 * 1024
PIECES = [
    b"NaN", b"1e999", b"-0.0", b"null", b"true", b'""', b"[]", b"{}", b"[[", b'"\\ud800"', b"\x00", b"\xff", b"1e400",
    b'"__class__"', b'"$f"', b"9" * 60, b",", b":", b'"', b"}", b"]", b"\\", b"-", b"0", b" ", b"\xef\xbb\xbf",
]  # fmt: skip
VALUES = [
    None, True, 0, 1, -1, 0.5, 1e308, -1e308, 5e-324, 2**63, "", "x", " ", "a\nb", "`", "\U0001f600", [], {}, [[]],
    [None], {"a": 1}, {"$f": "nan"}, "nan", "1.0", "curve", "levels", "learned",
]  # fmt: skip
KEYS = ["a", "weight", "$f", "above", "level", "__proto__", "coverage"]


def damaged_bytes(draw):
    """Bytes changed, cut, doubled and removed."""
    content = bytearray(FEWER)
    for _ in range(draw.choice([1, 1, 2, 5, 20])):
        start = draw.randrange(len(content) + 1)
        end = min(len(content), start + draw.choice([0, 1, 1, 2, 10, 300]))
        other = [draw.choice(PIECES), bytes([draw.randrange(256)]), content[start:end] * 2, b""]
        content[start:end] = draw.choice(other)
    return bytes(content if draw.random() < 0.9 else content[: draw.randrange(len(content))])


def damaged_values(draw):
    """Well-formed JSON with wrong values in it and a digest that fits, so that the inner checks are reached."""
    data = json.loads(FEWER)
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        whole, key = draw.choice(places(data.get("formula") if draw.random() < 0.8 else data) or places(data))
        kind = draw.random()
        if kind < 0.6:
            whole[key] = copy.deepcopy(draw.choice(VALUES))
        elif kind < 0.8 and isinstance(whole, dict):
            whole[draw.choice([*KEYS, f"{key}s"])] = copy.deepcopy(whole[key])
        elif isinstance(whole, dict):
            del whole[key]
        else:
            whole.insert(key, copy.deepcopy(whole[key]))
    if draw.random() < 0.9 and "formula" in data:
        data["digest"] = digest_of(data["formula"])
    return json.dumps(data).encode()


def places(value):
    """Every (container, key) below a value."""
    if not isinstance(value, dict | list):
        return []
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@pytest.mark.parametrize("damaged", [damaged_bytes, damaged_values])
@pytest.mark.parametrize("part", range(5))
def test_a_damaged_file_loads_or_is_refused(damaged, part):
    outcomes = {"loaded": 0, "refused": 0}
    for seed in range(part * 1000, (part + 1) * 1000):
        content = damaged(random.Random(seed))
        start = time.thread_time()
        try:
            weights = WeightsFile.loads(content)
            outcomes["loaded"] += 1
        except FormulaError as error:
            weights = None
            outcomes["refused"] += 1
            assert len(str(error)) < 20_000
        assert time.thread_time() - start < 0.1, seed
        if weights is not None and seed % 10 == 0:
            assert WeightsFile.loads(weights.dumps()).formula == weights.formula, seed
    assert min(outcomes.values()) > 10, outcomes


def largest(key, item, count=None):
    """A file of nearly 1 MiB in which one list or object is as long as it can be."""
    data = copy.deepcopy(FIRST)
    room = (MIB - len(json.dumps(data)) - 100) // (len(json.dumps(item(10**5))) + 2)
    parts = [item(i) for i in range(min(room, count or room))]
    whole = data
    for step in key[:-1]:
        whole = whole[step]
    whole[key[-1]] = dict(parts) if isinstance(parts[0], tuple) else parts
    data["digest"] = digest_of(data["formula"])
    return json.dumps(data)


LARGEST = {
    "empty terms": lambda: largest(("formula", "terms"), lambda i: {}),
    "levels": lambda: largest(("formula", "terms", 4, "levels"), lambda i: [f"l{i}", 0.5]),
    "levels in Cyrillic": lambda: largest(("formula", "terms", 4, "levels"), lambda i: [f"Їж{i}", 0.5]),
    "knots": lambda: largest(("formula", "terms", 0, "knots"), float),
    "training": lambda: largest(("training", "a"), lambda i: {}),
    "floors": lambda: largest(("formula", "score_when"), lambda i: (f"m{i}", {"from": 0.0})),
    "unknown keys": lambda: largest(("formula", "link"), lambda i: (f"m{i}", 0)),
    "one long key": lambda: json.dumps({**FIRST, "k" * 900_000: 1}),
    "vectors": lambda: largest(("vectors",), lambda i: {}),
    "bands": lambda: largest(("formula", "bands"), lambda i: {"name": f"b{i}", "color": "red", "from": 1e6 - i}),
}


@pytest.mark.parametrize("build", LARGEST.values(), ids=LARGEST)
def test_the_largest_files_take_no_longer_than_they_must(build):
    content = build()
    start = time.thread_time()
    try:
        WeightsFile.loads(content)
    except FormulaError as error:
        assert len(str(error)) < 20_000
    assert time.thread_time() - start < 2.0
