"""Elements of a PMML document: made as a tree, never as text."""

from __future__ import annotations

import re
from typing import Any

from chs_ml.export.options import library

NAMESPACE = "http://www.dmg.org/PMML-4_4"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Tree:
    """Makes elements of the PMML 4.4 namespace.

    Whatever people have named stands in attributes: some readers keep only a part of an element's text where that
    holds ``]``, ``&`` or ``<``.
    """

    def __init__(self) -> None:
        self.etree = library("lxml.etree", "pmml", "pmml")

    def make(self, tag: str, *children: Any, **attributes: Any) -> Any:
        """Return an element; an attribute that is None is left out, and a number reads back as the same double."""
        element = self.etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={None: NAMESPACE})
        for name, value in attributes.items():
            if value is not None:
                element.set(name, _written(value))
        element.extend(children)
        return element

    def apply(self, function: str, *arguments: Any) -> Any:
        """Return a function of expressions; a number stands for the constant, a text for the field."""
        return self.make("Apply", *(self._argument(one) for one in arguments), function=function)

    def constant(self, value: float | str) -> Any:
        """Return a constant: a double, or a string of our own."""
        element = self.make("Constant", dataType="string" if isinstance(value, str) else "double")
        element.text = _written(value)
        return element

    def field(self, name: str) -> Any:
        """Return a reference to a field."""
        return self.make("FieldRef", field=name)

    def inside(self, field: str, low: float, high: float | None, closure: str) -> Any:
        """Return 1 where a number is known and lies between two ends, else 0."""
        ends = self.make("Interval", closure=closure, leftMargin=low, rightMargin=high)
        one = self.make("DiscretizeBin", ends, binValue="1")
        return self.make("Discretize", one, field=field, dataType="double", mapMissingTo="0", defaultValue="0")

    def is_level(self, field: str, level: str) -> Any:
        """Return 1 where a text is this level, else 0."""
        return self.make("NormDiscrete", field=field, value=level, mapMissingTo="0")

    def derived(self, name: str, expression: Any, *, kind: str = "double", says: str | None = None) -> Any:
        """Return a field that is computed; says: what people call it."""
        optype = "continuous" if kind == "double" else "categorical"
        return self.make("DerivedField", expression, name=name, displayName=says, optype=optype, dataType=kind)

    def content(self, root: Any) -> str:
        """Return the text of the document."""
        text: str = self.etree.tostring(root, encoding="unicode", pretty_print=True)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'

    def _argument(self, one: Any) -> Any:
        if isinstance(one, str):
            return self.field(one)
        return self.constant(one) if isinstance(one, float) else one


def _written(value: str | float) -> str:
    """Return text, a label's characters that XML has not replaced; a number of numpy as one of Python."""
    return _NOT_XML.sub("\ufffd", value) if isinstance(value, str) else repr(float(value))
