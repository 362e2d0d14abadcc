"""The waist: a frozen value between learning and everything that scores, exports or explains."""

from chs_ml.formula.bands import NOT_SCORED, Band, Rule, ScoreWhen
from chs_ml.formula.canonical import formula_as_dict, formula_digest, formula_from_dict
from chs_ml.formula.conditions import Condition
from chs_ml.formula.formula import Formula, Scored
from chs_ml.formula.link import Link
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.terms import Direction, Origin, Term
from chs_ml.formula.vectors import check_vectors, vectors_of
from chs_ml.formula.views import View
from chs_ml.formula.weights_file import WeightsFile
from chs_ml.formula.written import BAND_PRESETS, Choices, Range, band_preset, write_formula

__all__ = [
    "BAND_PRESETS",
    "NOT_SCORED",
    "Band",
    "Choices",
    "Condition",
    "Curve",
    "Direction",
    "Formula",
    "Levels",
    "Link",
    "Origin",
    "Range",
    "Rule",
    "ScoreWhen",
    "Scored",
    "Term",
    "View",
    "WeightsFile",
    "band_preset",
    "check_vectors",
    "formula_as_dict",
    "formula_digest",
    "formula_from_dict",
    "vectors_of",
    "write_formula",
]
