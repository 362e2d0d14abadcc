"""Names: how the table is said, and which names an engine would read as another, or as none."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chs_ml.errors import FormulaError
from chs_ml.export.labels import labels_of
from chs_ml.export.sql.dialects import Dialect
from chs_ml.formula import WeightsFile
from chs_ml.formula.names import check_name

OURS = "chs_"
"""How the parts of the query are called; no table of the user may be, since a part would stand for it."""
MOST_PARTS = 3
_PART = re.compile(r'"((?:[^"]|"")*)"|([^".][^.]*)')


def table_parts(said: str) -> tuple[str, ...]:
    """Return the parts of ``schema.table``: cut at dots outside double quotes; "" within quotes is one quote.

    Raises:
        FormulaError: for control characters, an empty part, an open quote, or more than three parts.
    """
    if said[:1] in ("[", "`"):
        raise FormulaError(
            f"--table {said[:60]!r}: leave the signs of quoting out; every part is quoted as the dialect has it"
        )
    check_name("--table", said)
    parts, at = [], 0
    while True:
        found = _PART.match(said, at)
        if found is None:
            break
        parts.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        at = found.end()
        if at == len(said) and all(parts) and len(parts) <= MOST_PARTS:
            return _not_ours(tuple(parts))
        if said[at : at + 1] != ".":
            break
        at += 1
    raise FormulaError(
        f'--table {said[:60]!r} is no name of a table. Write it as in schema.table, or "my.schema".table where a part '
        "holds a dot; three parts at most"
    )


def _not_ours(parts: tuple[str, ...]) -> tuple[str, ...]:
    if len(parts) == 1 and parts[0].lower().startswith(OURS):
        raise FormulaError(f"--table {parts[0]!r}: parts of the query are called {OURS}…; say it with its schema")
    return parts


def check_columns(names: Iterable[str], dialect: Dialect) -> None:
    """FormulaError for a column's name that the engine would read as another, or that no column has there."""
    seen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        reason = _unnameable(name, dialect)
        if reason:
            raise FormulaError(f"{name[:60]!r} cannot be a column in {dialect.name}: {reason}. Rename it")
        twin = seen.setdefault(name if dialect.tells_case else name.casefold(), name)
        if twin != name:
            raise FormulaError(f"{twin!r} and {name!r} are one column in {dialect.name}; rename one of them")


def _unnameable(name: str, dialect: Dialect) -> str:
    """Return why, '' where a column may be called so."""
    if dialect.longest and len(name.encode()) > dialect.longest:
        return f"a name has {dialect.longest} bytes at most"
    if dialect.substitutes and "${" in name:
        return "${ is read as the beginning of a variable"
    if dialect.name == "mysql" and (max(name) > "\uffff" or name != name.strip()):
        return "a name has no signs beyond U+FFFF, and no blanks around it"
    if dialect.unnameable & set(name):
        return f"a name has none of {' '.join(sorted(dialect.unnameable))}"
    return ""


def check_labels(weights: WeightsFile) -> None:
    """FormulaError for a label with signs that no text of SQL can hold; of labels nobody has checked anything."""
    for metric, label in labels_of(weights).items():
        check_name(f"metric {metric!r}: label", label)
