"""Names as MLflow takes them: letters of any alphabet stay, what it refuses is replaced, and no two become one."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_NAME = 250
_REFUSED = re.compile(r"[^\w.\- ]")
_RUNS_OF_DOTS = re.compile(r"\.{2,}")


def allowed(name: str) -> str:
    """Return the name with every character that some MLflow store refuses replaced by ``_``."""
    return _RUNS_OF_DOTS.sub("_", _REFUSED.sub("_", name)).strip() or "_"


def allowed_names(prefix: str, names: Iterable[str]) -> list[str]:
    """Return ``prefix`` + each name, allowed and different from one another even where a store ignores case."""
    taken: set[str] = set()
    found = []
    for name in names:
        cut = (prefix + allowed(name))[:LONGEST_NAME].strip()
        free, turn = cut, 1
        while free.casefold() in taken:
            turn += 1
            free = f"{cut[: LONGEST_NAME - 8]}_{turn}"
        taken.add(free.casefold())
        found.append(free)
    return found


def model_named(name: str) -> str:
    """Return a name that the registry takes: ``/`` and ``:`` are parts of its addresses."""
    return re.sub(r"[/:\s]+", "-", name).strip("-")[:LONGEST_NAME] or "model"
