"""Texts that some scorer takes for a level and the formula does not, or the other way round."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.0+)?")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")
BLANK = " "


def look_alikes(levels: Sequence[str]) -> dict[str, list[str]]:
    """Return what looks like a listed level and is not listed, by the tag of a vector that holds it.

    ``case_variant``: in another case, or with a blank at the end: other levels to the formula. ``leading_blank``,
    ``unicode_form`` (letters composed otherwise) and ``blank_text`` (a blank alone, which is not missing): likewise.
    ``spelling``: ``1.0`` and ``1``, ``True`` and ``true`` are one level to the formula; ``01`` and ``2.50`` are not.
    """
    flags = [name for name in levels if name.lower() in {"true", "false"}]
    found = {
        "case_variant": [*(name.swapcase() for name in levels if name not in flags), *(name + " " for name in levels)],
        "spelling": [text for name in levels for text in _spelled(name)],
        "leading_blank": [" " + name for name in levels],
        "unicode_form": [text for name in levels for text in _composed_otherwise(name)],
        "blank_text": [BLANK],
    }
    return {tag: [text for text in dict.fromkeys(texts) if text not in levels] for tag, texts in found.items()}


def _spelled(name: str) -> Iterator[str]:
    if name.lower() in {"true", "false"}:
        yield from (name.title(), name.upper(), name.lower(), name.title().swapcase())
    elif _WHOLE.fullmatch(name):
        whole = name.partition(".")[0]
        digits = whole.removeprefix("-")
        yield from (f"{whole}.0", whole, f"{whole}.00", whole.replace(digits, f"0{digits}"), f"{whole}e0")
    elif _DECIMAL.fullmatch(name):
        yield from (f"{name}0", f"{name}e0")


def _composed_otherwise(name: str) -> Iterator[str]:
    for form in ("NFD", "NFC"):
        text = unicodedata.normalize(form, name)
        if text != name:
            yield text
