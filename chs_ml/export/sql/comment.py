"""Comments: what leads the query, and words from the formula made harmless."""

from __future__ import annotations

import re

_PAIRS = re.compile(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=[{$#%}])(?=[{#%}])|(?<=-)(?=-)")
"""Between the two signs that begin or end a comment, a variable or a template: some engines nest comments, and dbt,
Spark and their like read them."""
_QUOTES = str.maketrans({"'": "\u2019", '"': "\u201d", "`": "\u2019", "$": " ", ";": ",", "\\": " "})
"""DuckDB looks for quotes in comments too before it reads the text, and takes the rest for the inside of a string."""
_SEEN = re.compile(r"[^\x20-\x7e\u00a1-\u2027\u202f-\u2065\u2070-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def harmless(text: str) -> str:
    """Return a text on one line that ends no comment and begins none, nor any variable or template."""
    return _PAIRS.sub(" ", _SEEN.sub(" ", text).translate(_QUOTES))


def leading(lines: list[str]) -> str:
    """Return a comment of several lines."""
    return "/* " + "\n   ".join(map(harmless, lines)) + " */\n"
