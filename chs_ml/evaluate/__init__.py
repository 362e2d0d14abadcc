"""Figures on rows the fit has not seen: arrays in, frozen values out; y is churned, p is churn_probability."""

from chs_ml.evaluate.audit import AuditLevel, audit_table
from chs_ml.evaluate.figures import Figures, figures
from chs_ml.evaluate.lift import LiftDecile, lift_table
from chs_ml.evaluate.outcomes import Outcomes
from chs_ml.evaluate.paired import Comparison, Difference, auc_difference, compare, log_loss_difference
from chs_ml.evaluate.tables import GroupRate, ReliabilityBin, churn_by, churn_where, reliability
from chs_ml.evaluate.uncertainty import Uncertainty, wilson

__all__ = [
    "AuditLevel",
    "Comparison",
    "Difference",
    "Figures",
    "GroupRate",
    "LiftDecile",
    "Outcomes",
    "ReliabilityBin",
    "Uncertainty",
    "auc_difference",
    "audit_table",
    "churn_by",
    "churn_where",
    "compare",
    "figures",
    "lift_table",
    "log_loss_difference",
    "reliability",
    "wilson",
]
