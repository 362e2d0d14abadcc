"""The only place that imports mlflow: a finished run directory → a run, a registered model, an alias; or a folder."""

from chs_ml.tracking.folder import save_model
from chs_ml.tracking.track import Tracked, track_run

__all__ = ["Tracked", "save_model", "track_run"]
