"""The waist: frozen values and how they score. Everything right of it reads nothing else."""

from chs_ml.formula.bands import Band, Rule, ScoreWhen
from chs_ml.formula.conditions import Condition
from chs_ml.formula.formula import Formula, Scored
from chs_ml.formula.link import Link
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.terms import Origin, Term

__all__ = ["Band", "Condition", "Curve", "Formula", "Levels", "Link", "Origin", "Rule", "ScoreWhen", "Scored", "Term"]
