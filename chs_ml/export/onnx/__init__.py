"""The formula as an ONNX graph in double precision."""

from chs_ml.export.onnx.model import to_onnx

__all__ = ["to_onnx"]
