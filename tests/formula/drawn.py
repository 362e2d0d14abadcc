"""Formulas and rows drawn from a seed, with every feature that the format has."""

from __future__ import annotations

import numpy as np

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Origin, Rule, ScoreWhen, Term

WORDS = ["pro", "free", "Базовий", "two words", "it's", "100%", "<b>", "null", "NaN", "1", "2.5", "=1+1", "😀"]
HOSTILE = [None, np.nan, np.inf, -np.inf, "", 1e308, -1e308, 5e-324, 0.0, -0.0]


def curve(draw):
    knots = np.cumsum(draw.exponential(draw.choice([0.01, 1.0, 1000.0]), draw.integers(2, 10)) + 1e-6)
    knots -= draw.choice([0.0, knots.mean()])
    values = draw.random(len(knots))
    values = np.sort(values) if draw.random() < 0.5 else values
    return Curve(tuple(knots.tolist()), tuple(values.tolist()), float(draw.random()))


def levels(draw):
    words = draw.choice(WORDS, draw.integers(1, 6), replace=False).tolist()
    return Levels(tuple((word, float(draw.random())) for word in words), float(draw.random()), float(draw.random()))


def condition(draw, numeric, textual, holds=True):
    if textual and draw.random() < 0.5:
        return Condition(str(draw.choice(textual)), level=str(draw.choice(WORDS)), holds=holds)
    return Condition(str(draw.choice(numeric)), above=float(draw.normal() * 10), holds=holds)


def formula(seed):
    draw = np.random.default_rng(seed)
    numeric = [f"n{i}" for i in range(draw.integers(1, 5))]
    textual = [f"t {i}" for i in range(draw.integers(0, 4))]
    parts = []
    for name in numeric + textual:
        shape = curve if name in numeric else levels
        when = condition(draw, ["n0", "other number"], ["other text"]) if draw.random() < 0.4 else None
        sides = [None] if when is None else [when, Condition(when.metric, when.above, when.level, holds=not when.holds)]
        parts += [(name, shape(draw), side, None if side is None else float(draw.random())) for side in sides]
    weights = draw.random(len(parts)) + 0.01
    weights /= weights.sum()
    terms = tuple(
        Term(
            name,
            str(draw.choice(["usage", "payment", "support"])),
            str(draw.choice(["positive", "negative", "free"])),
            float(weight),
            shape,
            Origin("pinned", "Оля", "an agreement") if draw.random() < 0.2 else Origin(),
            when,
            otherwise,
            bool(draw.random() < 0.5),
        )
        for (name, shape, when, otherwise), weight in zip(parts, weights, strict=True)
    )
    bands = (
        Band("healthy", "green", 60.0),
        Band("at risk", "yellow", float(draw.uniform(5, 55))),
        Band("bad", "red", 0.0),
    )
    return Formula(
        terms,
        Link(float(draw.normal() * 3), float(draw.exponential(5) + 0.1)) if draw.random() < 0.9 else None,
        bands if draw.random() < 0.8 else (),
        (),
        ScoreWhen(0.4, (("n0", -5.0),)) if draw.random() < 0.4 else None,
    )


def with_rules(formula, seed):
    """The same formula with two rules, which need bands to send to."""
    if not formula.bands:
        return formula
    draw = np.random.default_rng(seed)
    numeric = [name for name in formula.metrics if not name.startswith(("t ", "other text"))]
    textual = [name for name in formula.metrics if name not in numeric]
    rules = [
        Rule(condition(draw, numeric, textual, holds=bool(draw.random() < 0.8)), band.name, "policy")
        for band in (formula.bands[2], formula.bands[0])
    ]
    return Formula(formula.terms, formula.link, formula.bands, tuple(rules), formula.score_when)


def rows(formula, seed, count):
    """A dict of lists: mostly usual values, some hostile ones, knots exactly."""
    draw = np.random.default_rng(seed)
    frame = {}
    for name in formula.metrics:
        shapes = [term.shape for term in formula.terms if term.metric == name]
        if name.startswith(("t ", "other text")):
            frame[name] = [str(word) for word in draw.choice([*WORDS, "unseen", "PRO"], count)]
            hostile = [None, ""]
        else:
            knots = [knot for shape in shapes for knot in shape.knots] or [0.0]
            frame[name] = (draw.choice(knots, count) + draw.normal(size=count) * draw.integers(0, 3, count)).tolist()
            hostile = HOSTILE
        for position in np.flatnonzero(draw.random(count) < 0.15):
            frame[name][position] = hostile[draw.integers(len(hostile))]
    return frame


def by_row(frame):
    return [dict(zip(frame, values, strict=True)) for values in zip(*frame.values(), strict=True)]
