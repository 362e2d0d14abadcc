"""A graph that grows node by node; every tensor of rows has the shape [N, 1]."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from chs_ml.export.options import library

ML = "ai.onnx.ml"
OF_ML = {"LabelEncoder"}
MORE_OUTPUTS = {"StringSplit": 1}
OPSET, OPSET_OF_TEXT, ML_OPSET = 17, 20, 2
"""RegexFullMatch and StringSplit came with opset 20; a formula without whole-number levels does with less."""
IR = {OPSET: 8, OPSET_OF_TEXT: 9}

NEARLY = 1e-4
"""Constants nearer to 1 in a product, or to 0 in a sum, may be dropped by onnxruntime, which compares roughly."""
LARGER = 2.0**20


class Graph:
    """Nodes and constants in the order in which they are added.

    taken: names of inputs and outputs, which no inner tensor may have.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self.onnx = library("onnx", "onnx", "onnx")
        self.opset = OPSET
        self.nodes: list[Any] = []
        self.constants: dict[tuple[Any, ...], Any] = {}
        self._prefix = "_"
        while any(name.startswith(self._prefix) for name in taken):
            self._prefix += "_"
        self._numbers = count()

    def add(self, operator: str, *inputs: str, called: str | None = None, **attributes: Any) -> str:
        """Add a node; return the name of its first output, ``called`` where it is an output of the graph."""
        outputs = [called or self._name(), *(self._name() for _ in range(MORE_OUTPUTS.get(operator, 0)))]
        domain = ML if operator in OF_ML else ""
        node = self.onnx.helper.make_node(operator, inputs, outputs, name=self._name(), domain=domain, **attributes)
        self.nodes.append(node)
        return outputs[0]

    def times(self, name: str, factor: float) -> str:
        """Multiply by a constant. One that is nearly 1 would be dropped: it is doubled, and the product halved."""
        if factor == 1.0 or abs(factor - 1.0) > NEARLY:
            return self.add("Mul", self.doubles(factor), name)
        return self.add("Mul", self.doubles(0.5), self.add("Mul", self.doubles(2.0 * factor), name))

    def plus(self, name: str, constant: float) -> str:
        """Add a constant. One that is nearly 0 would be dropped: both are enlarged, and the sum made smaller again."""
        if constant == 0.0 or abs(constant) > NEARLY:
            return self.add("Add", self.doubles(constant), name)
        both = self.add("Add", self.doubles(LARGER * constant), self.add("Mul", self.doubles(LARGER), name))
        return self.add("Mul", self.doubles(1.0 / LARGER), both)

    def cast(self, name: str, kind: str) -> str:
        """Add a change of type, to ``DOUBLE`` or ``INT64``; return its output."""
        return self.add("Cast", name, to=getattr(self.onnx.TensorProto, kind))

    def doubles(self, *values: float, rows: bool = False) -> str:
        """Return a constant of doubles: a vector, or a row of [1, K] that is set against every customer."""
        return self._constant("DOUBLE", [float(value) for value in values], [1, len(values)] if rows else None)

    def double(self, value: float) -> str:
        """Return a scalar."""
        return self._constant("DOUBLE", [float(value)], [])

    def whole(self, *values: int) -> str:
        """Return a vector of int64."""
        return self._constant("INT64", list(values))

    def first(self) -> str:
        """Return the scalar 0, which takes the first of an axis and drops the axis."""
        return self._constant("INT64", [0], [])

    def texts(self, *values: str, rows: bool = False) -> str:
        """Return a constant of strings, shaped as doubles are."""
        return self._constant("STRING", [value.encode() for value in values], [1, len(values)] if rows else None)

    def needs_text(self) -> None:
        """Ask for the operators that take strings apart."""
        self.opset = OPSET_OF_TEXT

    def _constant(self, kind: str, values: Sequence[Any], shape: list[int] | None = None) -> str:
        shape = [len(values)] if shape is None else shape
        key = (kind, *shape, *(repr(value) for value in values))  # repr: 0.0 and -0.0 are two
        if key not in self.constants:
            kinds = self.onnx.TensorProto
            self.constants[key] = self.onnx.helper.make_tensor(self._name(), getattr(kinds, kind), shape, values)
        return str(self.constants[key].name)

    def _name(self) -> str:
        return f"{self._prefix}{next(self._numbers)}"
