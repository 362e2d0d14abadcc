"""A simulated company as raw history, of which it is known what keeps its customers: ``chs-ml demo DIR``."""

from chs_ml.history.demo.writing import Demo, write_demo

__all__ = ["Demo", "write_demo"]
