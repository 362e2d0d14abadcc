"""What the parts of the panel's query are called."""

from __future__ import annotations

from chs_ml.spec.measures import Measure

MOMENTS, SPELLS, THERE, GRID = "chs_moments", "chs_spells", "chs_there", "chs_grid"
RECENT, ACTIVE, TOUCHED = "chs_recent", "chs_active", "chs_touched"
SPELL, CUTOFF, CUSTOMER, START = "spell", "cutoff", "customer", "start"
LEFT, RENEWAL = "left_on", "renews_on"
CUSTOMERS, WHOSE = "chs_customers", "whose"
"""In our own database customers have numbers."""
AT, UNTIL, TYPE, VALUE, KNOWN = "at", "until", "type", "value", "known"
LABEL_FROM, LABEL_TO, OBSERVED = "label_from", "label_to", "observed"
TEXT, NUMBER, TIME = "text", "number", "time"
"""Forms in which a column is read; one column may be read in several."""


def rows_of(table: str) -> str:
    """The rows of a table, with times in the history's zone."""
    return f"chs_rows_{table}"


def since(days: int) -> str:
    """The moment so many days before the cutoff."""
    return f"since_{days}"


def held(column: str, form: str) -> str:
    """A column read in one form."""
    return f"{form}_{column}"


def as_text_of(column: str) -> str:
    """A column read as text."""
    return held(column, TEXT)


def as_number_of(column: str) -> str:
    """A column read as numbers."""
    return held(column, NUMBER)


def held_in(table: str) -> str:
    """A table of the history in our own database, each column in each form in which it is read."""
    return f"chs_held_{table}"


def marked(name: str) -> str:
    """A name that no other has, to who does not tell a from A: with the places of its capitals behind it."""
    capitals = sum(1 << at for at, sign in enumerate(name) if "A" <= sign <= "Z")
    return f"{name}+{capitals:x}" if capitals or "+" in name else name


def day_of(column: str) -> str:
    """A column of accounts read as a day."""
    return f"day_{column}"


def part(measure: Measure, what: str = "") -> str:
    """A part of a metric, before it is put together."""
    return f"{measure.name}_{what}".rstrip("_")


def newest_of(measure: Measure) -> str:
    """The values of the newest rows of a metric, by spell and cutoff."""
    return f"chs_newest_{measure.name}"
