"""The formula as a PMML 4.4 scorecard with reason codes."""

from chs_ml.export.pmml.document import to_pmml

__all__ = ["to_pmml"]
