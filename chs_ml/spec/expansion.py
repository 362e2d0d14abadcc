"""``${VAR}`` and ``${VAR:-default}`` in paths, from the environment."""

from __future__ import annotations

import os
import re

from chs_ml.errors import SpecError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def expand(text: str) -> str:
    """The text with its variables filled in; SpecError names a variable that is not set (never a value)."""
    missing = unset(text)
    if missing:
        raise SpecError(*(f"variable {name} is not set. Set it, or write ${{{name}:-default}}." for name in missing))
    return _VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[2] or "", text)


def unset(text: str) -> tuple[str, ...]:
    """The variables of the text that have neither a value nor a default."""
    found = (match for match in _VARIABLE.finditer(text) if match[2] is None)
    return tuple(match[1] for match in found if not os.environ.get(match[1]))
