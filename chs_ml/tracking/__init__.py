"""The only place that imports mlflow: a finished run directory → a run, a registered model, an alias."""

from chs_ml.tracking.track import Tracked, track_run

__all__ = ["Tracked", "track_run"]
