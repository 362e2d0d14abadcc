"""The workbook that a stakeholder opens: paste customers, see scores, follow one of them, play what-if, test."""

from chs_ml.export.xlsx.workbook import to_xlsx, workbook

__all__ = ["to_xlsx", "workbook"]
