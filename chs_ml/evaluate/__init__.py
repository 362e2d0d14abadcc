"""Figures on rows the fit has not seen: arrays in, frozen values out; y is churned, p is churn_probability."""

from chs_ml.evaluate.audit import AuditLevel, audit_table
from chs_ml.evaluate.baselines import (
    BASELINES,
    Training,
    current_score,
    equal_weights,
    fit_baselines,
    gradient_boosting,
    logistic_regression,
)
from chs_ml.evaluate.evaluation import CrossValidation, Evaluation, cross_validated
from chs_ml.evaluate.figures import Figures, figures
from chs_ml.evaluate.lift import LiftDecile, lift_table
from chs_ml.evaluate.outcomes import Outcomes
from chs_ml.evaluate.paired import Comparison, Difference, auc_difference, compare, log_loss_difference
from chs_ml.evaluate.segments import BandShare, Segment, segment_table
from chs_ml.evaluate.tables import GroupRate, ReliabilityBin, churn_by, churn_where, reliability
from chs_ml.evaluate.uncertainty import Uncertainty, wilson

__all__ = [
    "BASELINES",
    "AuditLevel",
    "BandShare",
    "Comparison",
    "CrossValidation",
    "Difference",
    "Evaluation",
    "Figures",
    "GroupRate",
    "LiftDecile",
    "Outcomes",
    "ReliabilityBin",
    "Segment",
    "Training",
    "Uncertainty",
    "auc_difference",
    "audit_table",
    "churn_by",
    "churn_where",
    "compare",
    "cross_validated",
    "current_score",
    "equal_weights",
    "figures",
    "fit_baselines",
    "gradient_boosting",
    "lift_table",
    "log_loss_difference",
    "logistic_regression",
    "reliability",
    "segment_table",
    "wilson",
]
