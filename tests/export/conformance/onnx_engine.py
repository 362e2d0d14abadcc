"""The exported ONNX graph in onnxruntime, as its users feed it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from chs_ml.export import export
from chs_ml.formula import WeightsFile
from tests.export.conformance.suite import Answer
from tests.history.asof.engines import unreachable


class OnnxRuntime:
    """Missing is NaN or infinite where the graph takes a double, '' where it takes a string."""

    name = "onnxruntime"
    skips: dict[str, str] = {}  # noqa: RUF012

    def __init__(self) -> None:
        if not (find_spec("onnx") and find_spec("onnxruntime")):
            unreachable("onnx and onnxruntime are not installed: the extra onnx brings them")
        import onnxruntime

        self.version = onnxruntime.__version__

    def answers(self, weights: WeightsFile, rows: Sequence[dict[str, Any]]) -> list[Answer]:
        out = answered(export(weights, "onnx"), rows)
        none = [None] * len(rows)
        columns = [out.get(name, none) for name in ("score", "churn_probability", "band")]
        return [Answer(score, chance, band or None) for score, chance, band in zip(*columns, strict=True)]


def answered(content: bytes, rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Every output by name: a list of values, of lists for ``health``."""
    graph = session(content)
    feed = {one.name: column(one.type, [row[one.name] for row in rows]) for one in graph.get_inputs()}
    given = zip([one.name for one in graph.get_outputs()], graph.run(None, feed), strict=True)
    return {name: (values if name == "health" else values[:, 0]).tolist() for name, values in given}


@lru_cache(8)
def session(content: bytes) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def column(kind: str, values: Sequence[Any]) -> Any:
    if kind == "tensor(double)":
        cells = np.array([np.nan if value in (None, "") else value for value in values], dtype=np.float64)
    else:
        cells = np.array(["" if value is None else value for value in values], dtype=object)
    return cells.reshape(-1, 1)
