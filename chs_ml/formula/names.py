"""Which names and levels a formula may carry: those that every target can write and tell apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from chs_ml.errors import FormulaError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BREAKS_A_TARGET = re.compile(r"[\\`]")
_COLOR = re.compile(r"[\w# -]{0,30}")
LONGEST_NAME = 500


def check_name(what: str, name: str) -> None:
    """Refuse a name that a target would misread: control characters, backslash, backtick, over 500 characters.

    Raises:
        FormulaError: naming what the name stands for, the character, and the remedy.
    """
    check_text(what, name)
    found = _BREAKS_A_TARGET.search(name)
    if found:
        raise FormulaError(f"{what} {name[:60]!r} holds {_called(found[0])}, which no target can quote; rename it")
    if len(name) > LONGEST_NAME:
        raise FormulaError(f"{what} {name[:40]!r}… is {len(name)} characters long; the most is {LONGEST_NAME}")


def check_text(what: str, text: str) -> None:
    """Refuse control characters, line breaks and halves of characters in a text of one line."""
    if not isinstance(text, str):
        raise FormulaError(f"{what}: {text!r} is not text")
    found = _CONTROL.search(text)
    if found:
        raise FormulaError(f"{what} {text[:60]!r} holds the control character {_called(found[0])}; remove it")


def check_levels(what: str, levels: Iterable[str]) -> None:
    """Refuse hostile levels, and levels that some target takes for one another or for a missing value."""
    seen: dict[str, str] = {}
    levels = list(levels)
    if _are_suspicious(levels):
        for level in levels:
            check_name(f"{what}: level", level)
    for level in levels:
        folded = _folded(level)
        if not folded:
            raise FormulaError(f"{what}: level {level!r} is blank; blank text is a missing value, not a level")
        if seen.setdefault(folded, level) != level:
            raise FormulaError(
                f"{what}: levels {seen[folded]!r} and {level!r} differ only in case, trailing blanks or the way "
                "their letters are composed, and some databases take them for one; merge them"
            )


def _are_suspicious(levels: list[str]) -> bool:
    """One search over all of them, since a table may have very many."""
    if not all(isinstance(level, str) for level in levels):
        return True
    together = "".join(levels)
    found = _CONTROL.search(together) or _BREAKS_A_TARGET.search(together)
    return bool(found) or max(map(len, levels), default=0) > LONGEST_NAME


def _folded(level: str) -> str:
    if level.isascii():
        return level.lower().rstrip()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", level).casefold()).rstrip()


def check_color(color: str) -> None:
    """Refuse a colour that is more than a word or a hexadecimal code: pages write it into their style."""
    if not _COLOR.fullmatch(color):
        raise FormulaError(f"color {color[:40]!r} is neither a word nor a code such as '#2e7d32'")


def _called(character: str) -> str:
    return f"U+{ord(character):04X}" if _CONTROL.match(character) else repr(character)
