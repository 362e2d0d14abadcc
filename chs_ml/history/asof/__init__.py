"""Raw history → panel as of the cutoff: one query, the same in every engine."""

from chs_ml.history.asof.build import build_panel, panel_of_history, staged_history

__all__ = ["build_panel", "panel_of_history", "staged_history"]
