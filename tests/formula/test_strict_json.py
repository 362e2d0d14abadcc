"""Hostile text: each form is refused with its own message, in bounded time."""

from __future__ import annotations

import time

import pytest

from chs_ml.errors import FormulaError
from chs_ml.formula.strict_json import parse

MIB = 1024 * 1024

HOSTILE = {
    "over 1 MiB": ('{"a": "' + "x" * MIB + '"}', "larger than 1 MiB"),
    "deep lists": ('{"a":' + "[" * 200_000 + "]" * 200_000 + "}", "nested deeper than 16"),
    "deep objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested deeper than 16"),
    "deep and never closed": ("[" * 500_000, "nested deeper than 16"),
    "deep after an escaped quote": ('{"a": "\\\\\\"", "b":' + "[" * 20 + "]" * 20 + "}", "nested deeper than 16"),
    "seventeen": ("[" * 17 + "]" * 17, "nested deeper than 16"),
    "NaN": ('{"a": NaN}', "NaN is no JSON number"),
    "Infinity": ('{"a": Infinity}', "Infinity is no JSON number"),
    "-Infinity": ('{"a": -Infinity}', "-Infinity is no JSON number"),
    "1e999": ('{"a": 1e999}', "1e999 is too large"),
    "-1E+400": ('{"a": -1E+400}', r"-1E\+400 is too large"),
    "many digits and a point": ('{"a": ' + "9" * 400 + ".0}", "is too large"),
    "an integer of thousands of digits": ('{"a": ' + "1" * 5000 + "}", "integer of 5000 digits"),
    "duplicate keys": ('{"a": 1, "b": {"c": 1, "c": 2}}', "key 'c' stands twice"),
    "invalid UTF-8": (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    "a lone surrogate, escaped": ('{"a": "\\ud800"}', r"\\ud800 is half a character"),
    "a lone surrogate, raw": ('{"a": "\ud800"}', "half a character"),
    "a lone surrogate as a key": ('{"\\uDFFF": 1}', r"\\udfff is half a character"),
    "a list": ("[1]", "holds a list, not an object"),
    "a text": ('"a"', "holds text, not an object"),
    "a number": ("12", "holds a number, not an object"),
    "null": ("null", "holds null, not an object"),
    "nothing": ("", "not JSON.*line 1, column 1"),
    "half a file": ('{"a": 1,\n "b": ', "not JSON.*line 2, column"),
    "Python": ("{'a': 1}", "not JSON"),
    "a comment": ('{"a": 1} // note', "not JSON.*Extra data"),
    "a control character": ('{"a": "\x00"}', "not JSON.*[Cc]ontrol character"),
}


@pytest.mark.parametrize(("text", "match"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_in_time(text, match):
    start = time.process_time()
    with pytest.raises(FormulaError, match=match) as error:
        parse(text, "weights file 'w.json'")
    assert time.process_time() - start < 0.1
    assert str(error.value).startswith("weights file 'w.json': ")
    assert len(str(error.value)) < 500


def test_what_is_not_hostile_is_read():
    assert parse(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00 [[[[[[[[[[[[[[[[[[[[ \\\\"}') == {
        "a": "😀 [[[[[[[[[[[[[[[[[[[[ \\"
    }
    assert parse('{"a": ' + "[" * 15 + "]" * 15 + "}")["a"]
    assert parse('{"a": 1.7976931348623157e308, "b": 1e-999, "c": ' + "1" * 40 + "}")["b"] == 0.0
