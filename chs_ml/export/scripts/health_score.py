"""A customer health score, 0..100, made by chs_ml; it needs nothing but Python 3.9 or newer.

On the command line::

    python health_score.py customers.csv > scores.csv    (score a table whose header has the names in METRICS)
    python health_score.py --self-test                   (answer the customers in VECTORS again, and compare)

In Python: ``score(customer)``, ``churn_probability(customer)``, ``band(customer)``, ``read(customer)``. A customer is a
mapping that has every name in METRICS. None, NaN, an infinity and "" are a value that is missing.
"""

# ruff: noqa: B905 - Python 3.9 knows no zip(strict=...)

from __future__ import annotations

import argparse
import csv
import functools
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

# formula: begin
CALLED, DIGEST, KEY = "an example", "", "customer"
METRICS = {"logins": "number", "plan": "level"}
TERMS: Any = [
    {"label": "Logins", "metric": "logins", "weight": 0.75, "average": 0.5,
     "knots": [0.0, 10.0], "values": [0.0, 1.0], "missing": 0.5},
    {"label": "Plan", "metric": "plan", "weight": 0.25, "average": 0.5,
     "levels": ("gold",), "values": [1.0], "other": 0.0, "missing": 0.5},
]  # fmt: skip
LINK: Any = {"a": -1.0, "b": 4.0}
BANDS: Any = [{"name": "healthy", "color": "green", "from": 50.0}, {"name": "unhealthy", "color": "red", "from": 0.0}]
RULES: Any = []
SCORE_WHEN: Any = []
# formula: end

TOLERANCE = 1e-9
"""A band holds from its cut less this, whatever the order in which a machine adds up."""
WORTH_SAYING = 0.5
"""Points below the average customer from which a term is a reason."""
MISSING_WORDS = {"na", "n/a", "nan", "null", "none", "-"}
"""In a CSV file's columns of numbers."""
MISSING = -1


class CustomerError(ValueError):
    """A customer without a metric that the formula reads, or with a value that cannot be read."""


def score(customer: Mapping[str, Any]) -> float:
    """Return the health score, 0..100."""
    return float(read(customer)["score"])


def churn_probability(customer: Mapping[str, Any]) -> float:
    """Return the probability of churn, 0..1; ValueError where the formula has no link to churn."""
    if LINK is None:
        raise ValueError("this formula has no link to churn: it was written by hand and never calibrated")
    return float(read(customer)["churn_probability"])


def band(customer: Mapping[str, Any]) -> str | None:
    """Return the band after the rules, 'not scored' where too little is known; None where the formula has no bands."""
    found: str | None = read(customer)["band"]
    return found


def read(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return score, probability, bands, coverage, the three weightiest reasons, and which formula said so.

    Raises:
        CustomerError: naming the metric that is absent, or whose value is not a number.
    """
    values = {metric: _read_value(customer, metric, kind) for metric, kind in METRICS.items()}
    health = [_health(term, values) for term in TERMS]
    points = 100.0 * _summed(term["weight"] * n for term, n in zip(TERMS, health))
    covered = min(1.0, _summed(term["weight"] * _is_known(term, values) for term in TERMS))
    unscored = _not_scored_because(values, covered)
    reasons = [*([unscored] if unscored else []), *_reasons(health), "", "", ""]
    by_score = _band_by_score(points)
    return {
        "score": points,
        "churn_probability": None if LINK is None else _churn(points),
        "band": "not scored" if unscored else _band_after_rules(by_score, values),
        "band_by_score": by_score,
        "coverage": covered,
        "reason_1": reasons[0],
        "reason_2": reasons[1],
        "reason_3": reasons[2],
        "formula": CALLED,
        "digest": DIGEST,
    }


# Terms


def _health(term: Any, values: Mapping[str, Any]) -> float:
    if "when" in term and not _holds(term["when"], values):
        return float(term["otherwise"])
    value = values[term["metric"]]
    if "levels" not in term:
        return float(term["missing"]) if value is None else _along(value, term["knots"], term["values"])
    return float([*term["values"], term["other"], term["missing"]][_position(value, term["levels"])])


def _along(x: float, knots: list[float], values: list[float]) -> float:
    """Return the height of a curve: straight between its knots, flat outside."""
    if x <= knots[0]:
        return values[0]
    for at in range(1, len(knots)):
        if x < knots[at]:
            slope = (values[at] - values[at - 1]) / (knots[at] - knots[at - 1])
            return values[at - 1] + (x - knots[at - 1]) * slope
    return values[-1]


def _is_known(term: Any, values: Mapping[str, Any]) -> bool:
    """Return whether the metric is there; a level that the formula does not list counts as absent."""
    value = values[term["metric"]]
    if "levels" not in term:
        return value is not None
    return 0 <= _position(value, term["levels"]) < len(term["levels"])


def _holds(when: Any, values: Mapping[str, Any]) -> bool:
    """Return whether a condition is as asked; of a value that is missing nothing is true."""
    value = values[when["metric"]]
    if "level" in when:
        return (_position(value, (when["level"],)) == 0) is when["holds"]
    return (value is not None and value > when["above"]) is when["holds"]


def _summed(parts: Iterator[float]) -> float:
    """Add from left to right: sum() of a newer Python corrects its rounding, and would differ."""
    total = 0.0
    for part in parts:
        total += part
    return total


# From the score to what is said of it


def _churn(points: float) -> float:
    odds = -(LINK["a"] + LINK["b"] * (points / 100.0))
    small = math.exp(-abs(odds))
    return (1.0 if odds >= 0 else small) / (1.0 + small)


def _band_by_score(points: float) -> str | None:
    for one in BANDS[:-1]:
        if points >= one["from"] - TOLERANCE:
            return str(one["name"])
    return str(BANDS[-1]["name"]) if BANDS else None


def _band_after_rules(found: str | None, values: Mapping[str, Any]) -> str | None:
    """A later rule has the last word."""
    for rule in RULES:
        if _holds(rule["when"], values):
            found = rule["band"]
    return found


def _not_scored_because(values: Mapping[str, Any], covered: float) -> str:
    for floor in SCORE_WHEN:
        if floor["metric"] is None:
            enough = covered >= floor["from"] - TOLERANCE
        else:
            enough = values[floor["metric"]] is not None and values[floor["metric"]] >= floor["from"]
        if not enough:
            return str(floor["because"])
    return ""


def _reasons(health: list[float]) -> list[str]:
    """Return 'Contract: -12 points' of the three terms that cost most against the average customer."""
    changes = [(100.0 * term["weight"] * (n - term["average"]), term["label"]) for term, n in zip(TERMS, health)]
    worst = sorted((one for one in changes if one[0] < -WORTH_SAYING), key=lambda one: one[0])[:3]
    said = [(label, min(100, max(1, round(-change)))) for change, label in worst]
    return [f"{label}: -{lost} {'point' if lost == 1 else 'points'}" for label, lost in said]


# Values


def _read_value(customer: Mapping[str, Any], metric: str, kind: str) -> Any:
    """Return a number or None; or a level as (text or None, number or None)."""
    try:
        value = customer[metric]
    except KeyError:
        raise CustomerError(f"metric {metric!r} is not there; the formula reads it. Give None where unknown") from None
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and value.dtype.kind in "biuf":
        value = value.item()
    return _number(metric, value) if kind == "number" else _level(metric, value)


def _number(metric: str, value: Any) -> float | None:
    if _is_null(value) or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if isinstance(value, str) and "_" in value:
            raise ValueError(value)  # Python alone reads 1_000 as a number
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise CustomerError(f"metric {metric!r}: {str(value)[:40]!r} is not a number") from None
    return number if math.isfinite(number) else None


def _level(metric: str, value: Any) -> tuple[str | None, float | None]:
    """Return how a level is written (1.0 as '1', True as 'true'), and its number if it is one."""
    if value is None or isinstance(value, str):
        return value or None, None
    if isinstance(value, bool):
        return "true" if value else "false", None
    if isinstance(value, (dict, list, set, bytearray)):
        raise CustomerError(f"metric {metric!r}: {str(value)[:40]!r} is a {type(value).__name__}; a level is text")
    if _is_null(value):
        return None, None
    try:
        number = float(value)
    except OverflowError:
        raise CustomerError(f"metric {metric!r}: {str(value)[:40]!r} is too large") from None
    except (TypeError, ValueError):
        number = math.nan
    if not isinstance(value, (int, float)):
        return str(value) or None, number
    if not math.isfinite(number):
        return None, None
    return (str(int(number)) if number.is_integer() else repr(number)), number


def _is_null(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA, which alone is neither equal nor unequal to itself."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - what NaN alone says of itself
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


# Levels: the same text; or 1, '1' and '1.0' for one whole number, and true for 'True' and 'TRUE'

_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")


def _position(level: tuple[str | None, float | None], names: tuple[str, ...]) -> int:
    """Return which of the names a level is; their number for one that is not listed, -1 for one that is missing."""
    text, number = level
    by_text, by_whole, by_number = _places(names)
    if text is None:
        return MISSING
    if text in by_text:
        return by_text[text]
    if text.lower() in ("true", "false"):
        forms = (text.lower(), text.title(), text.upper())
        return next((by_text[form] for form in forms if form in by_text), len(names))
    return by_whole.get(_whole(text), len(names)) if number is None else by_number.get(number, len(names))


@functools.cache
def _places(names: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int], dict[float, int]]:
    """Return where each name stands: by its text, as a whole number, and as a number."""
    by_text = {name: at for at, name in enumerate(names)}
    by_whole = {_whole(name): at for name, at in by_text.items() if _whole(name)}
    return by_text, by_whole, {_finite(name): at for name, at in by_text.items() if _finite(name) is not None}


def _whole(text: str) -> str:
    found = _WHOLE.fullmatch(text)
    return found[1] if found else ""


def _finite(text: str) -> Any:
    try:
        return float(text) if math.isfinite(float(text)) else None
    except ValueError:
        return None


# The command line


def main(arguments: list[str] | None = None) -> int:
    """Score a table to stdout (0), or test this file (0, or 1 where it differs); 2 for what cannot be read."""
    parser = argparse.ArgumentParser(description="Score a table of customers, a CSV file with a header.")
    parser.add_argument("table", nargs="?", metavar="customers.csv")
    parser.add_argument("--self-test", action="store_true", help="answer the customers in VECTORS again, and compare")
    parser.add_argument("--key", metavar="COLUMN", default=KEY, help="the id column; without one, rows are counted")
    parser.add_argument("--delimiter", default=",", help="between the fields (default: a comma)")
    asked = parser.parse_args(arguments)
    if asked.self_test:
        return _self_test()
    if asked.table is None:
        parser.error("give a table, or --self-test")
    try:
        _score_table(asked.table, asked.key, asked.delimiter)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, UnicodeError, csv.Error, ValueError, TypeError) as error:
        sys.stderr.write(f"{asked.table}: {error}\n")
        return 2
    return 0


def _score_table(path: str, key: str | None, delimiter: str) -> None:
    """Write all scores, or none: nothing goes out before the last row was read."""
    with tempfile.SpooledTemporaryFile(1 << 24, "w+", encoding="utf-8", newline="") as whole:
        writer = csv.writer(whole, lineterminator="\n")
        for row, (customer, metrics) in enumerate(_customers(path, key, delimiter)):
            try:
                answers = read(metrics)
            except CustomerError as error:
                raise CustomerError(f"row {row + 1}: {error}") from None
            if row == 0:
                writer.writerow(["customer", *answers])
            writer.writerow([_cell(answer) for answer in (customer, *answers.values())])
        whole.seek(0)
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
            shutil.copyfileobj(whole, out)


def _customers(path: str, key: str | None, delimiter: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the id and the metrics of each row."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(lines, [])]
        wanted = [*METRICS, *([] if key is None else [key])]
        for name in wanted:
            if header.count(name) != 1:
                found = "is not in the header" if name not in header else "stands in the header more than once"
                other = next((sign for sign in ";\t|," if len(header) == 1 and sign in header[0]), None)
                hint = f". Try --delimiter {other!r}" if other else ""
                raise CustomerError(f"column {name!r} {found}; the header has: {', '.join(header)}{hint}")
        row = 0
        for line in lines:
            if not line and len(header) > 1:
                continue
            row += 1
            cells = [cell.strip() for cell in line or [""]]
            if len(cells) != len(header):
                raise CustomerError(f"line {lines.line_num}: {len(cells)} fields; the header has {len(header)}")
            said = dict(zip(header, cells))
            if key is not None and not said[key]:
                raise CustomerError(f"row {row}: no customer id in column {key!r}")
            yield said[key] if key is not None else str(row), {metric: _said(said, metric) for metric in METRICS}
        if row == 0:
            raise CustomerError("no rows below the header; there is nothing to score")


def _said(cells: dict[str, str], metric: str) -> str | None:
    missing = METRICS[metric] == "number" and cells[metric].lower() in MISSING_WORDS
    return None if missing else cells[metric]


def _cell(answer: Any) -> Any:
    """Return a cell; text that a spreadsheet would run is preceded by an apostrophe."""
    runs = isinstance(answer, str) and answer[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")
    return f"'{answer}" if runs and answer else answer


def _self_test() -> int:
    different = [line for vector in VECTORS for line in _differences(*vector)]
    for line in different:
        sys.stdout.write(f"{line}\n")
    how = f"{len(different)} differences in" if different else "no difference in"
    sys.stdout.write(f"{how} {len(VECTORS)} customers, formula {DIGEST[:12]}\n")
    return 1 if different or not VECTORS else 0


def _differences(values: list[Any], expected: list[Any]) -> Iterator[str]:
    """Give what this formula says otherwise than was written when the file was made."""
    answers = read(dict(zip(METRICS, values)))
    for name, written in zip(("score", "churn_probability", "band"), expected):
        found = answers[name]
        numbers = isinstance(found, float) and isinstance(written, float)
        if not (abs(found - written) <= TOLERANCE if numbers else found == written):
            yield f"{name} is {found!r}, written {written!r}, of the customer {values!r}"


nan, inf = math.nan, math.inf
# vectors: begin
VECTORS: Any = [
    ([10.0, "gold"], [100.0, 0.04742587317756678, "healthy"]),
    ([None, "silver"], [37.5, 0.3775406687981454, "unhealthy"]),
]
# vectors: end

if __name__ == "__main__":
    sys.exit(main())
