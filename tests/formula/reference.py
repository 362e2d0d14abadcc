"""A scorer in plain Python, one row at a time, written from DESIGN's formulas and the weights file's JSON alone.

It imports nothing of chs_ml, so that agreement with it means something.
"""

from __future__ import annotations

import math


def number(value):
    """A finite float, or None."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    value = float(value)
    return value if math.isfinite(value) else None


def level(value, names):
    """The listed level that a text spells, the text itself where it spells none; None if missing."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if value in names:
        return value
    if value.lower() in ("true", "false"):
        forms = (value.lower(), value.capitalize(), value.upper())
        return next((form for form in forms if form in names), value)
    return next((name for name in reversed(names) if whole(value) is not None and whole(name) == whole(value)), value)


def whole(text):
    """'12' of '12', '12.0' and '12.00', None of anything else."""
    head, point, tail = text.partition(".")
    digits = head.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or (len(digits) > 1 and digits[0] == "0"):
        return None
    return head if tail.strip("0") == "" and bool(tail) == bool(point) else None


def holds(condition, row):
    if "above" in condition:
        x = number(row[condition["metric"]])
        true = x is not None and x > condition["above"]
    else:
        true = level(row[condition["metric"]], [condition["level"]]) == condition["level"]
    return true == condition["holds"]


def along(knots, values, x):
    if x <= knots[0]:
        return values[0]
    for left in range(len(knots) - 1):
        if x < knots[left + 1]:
            slope = (values[left + 1] - values[left]) / (knots[left + 1] - knots[left])
            return values[left] + (x - knots[left]) * slope
    return values[-1]


def health(term, row):
    if term["when"] is not None and not holds(term["when"], row):
        return term["otherwise"]
    if term["kind"] == "curve":
        x = number(row[term["metric"]])
        return term["missing"] if x is None else along(term["knots"], term["values"], x)
    values = dict(map(tuple, term["levels"]))
    found = level(row[term["metric"]], [*values])
    return term["missing"] if found is None else values.get(found, term["other"])


def known(term, row):
    if term["kind"] == "curve":
        return number(row[term["metric"]]) is not None
    names = [name for name, _ in term["levels"]]
    return level(row[term["metric"]], names) in names


def answer(formula, row):
    """Score, probabilities, band and coverage of one row, from the ``formula`` object of a weights file."""
    total, coverage = 0.0, 0.0
    for term in formula["terms"]:
        total += term["weight"] * health(term, row)
        coverage += term["weight"] * known(term, row)
    score, link = 100.0 * total, formula["link"]
    eta = None if link is None else link["a"] + link["b"] * (score / 100.0)
    retained = None if eta is None else 1.0 / (1.0 + math.exp(-eta))
    return {
        "score": score,
        "coverage": coverage,
        "retained": retained,
        "log_odds": eta,
        "band": band(formula, row, score, coverage),
    }


def band(formula, row, score, coverage):
    name = next((one["name"] for one in formula["bands"] if score >= one["from"] - 1e-9), None)
    for rule in formula["rules"]:
        if holds(rule["when"], row):
            name = rule["band"]
    asked = formula["score_when"] or {}
    for metric, floor in asked.items():
        if metric == "coverage":
            missed = floor is not None and coverage < floor - 1e-9
        else:
            x = number(row[metric])
            missed = x is None or x < floor["from"]
        if missed:
            return "not scored"
    return name
