"""Names that other people wrote, shown as text: nothing in them is markup, and nothing moves the terminal."""

from __future__ import annotations

import re

from rich.text import Text

_MOVES = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line breaks, what turns the writing round, halves of characters."""


def visible(text: str) -> str:
    r"""Return the text with every character escaped that a terminal would obey.

    >>> visible("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _MOVES.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def cell(text: str, style: str = "") -> Text:
    """Return text for a table or a page, letter for letter."""
    return Text(visible(text), style)
