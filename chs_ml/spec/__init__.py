"""What the user asked for: ``calibration.yaml`` → ``CalibrationSpec``."""

from chs_ml.spec.bands import Band, Cut
from chs_ml.spec.calibration import CalibrationSpec
from chs_ml.spec.loading import load_spec, spec_schema
from chs_ml.spec.metrics import Metric

__all__ = ["Band", "CalibrationSpec", "Cut", "Metric", "load_spec", "spec_schema"]
