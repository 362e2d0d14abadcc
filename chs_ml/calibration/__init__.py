"""The story on one screen: panel → fit → evaluate → formula → run directory."""

from chs_ml.calibration.story import Calibration, calibrate, tracked

__all__ = ["Calibration", "calibrate", "tracked"]
