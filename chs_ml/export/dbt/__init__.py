"""The formula as a dbt project: raw tables → metrics → scores, and a test that the warehouse computes the same."""

from chs_ml.export.dbt.project import to_dbt

__all__ = ["to_dbt"]
