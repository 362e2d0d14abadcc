"""The known word that a mistaken one was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """One sentence: the nearest of ``known``, or all of them where none is near."""
    words = [*known]
    folded = {name.casefold(): name for name in reversed(words)}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {folded[close[0]]!r}?"
    shown = ", ".join(map(repr, words[:12])) + (f" and {len(words) - 12} more" if len(words) > 12 else "")
    return f"Known here: {shown}." if words else "None is known here."
