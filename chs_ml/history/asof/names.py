"""What the parts of the panel's query are called."""

from __future__ import annotations

from chs_ml.spec.measures import Measure

MOMENTS, SPELLS, THERE, GRID = "chs_moments", "chs_spells", "chs_there", "chs_grid"
RECENT, ACTIVE, TOUCHED = "chs_recent", "chs_active", "chs_touched"
SPELL, CUTOFF, CUSTOMER, START = "spell", "cutoff", "customer", "start"
LEFT, RENEWAL = "left_on", "renews_on"
AT, UNTIL, TYPE, VALUE, KNOWN = "at", "until", "type", "value", "known"
LABEL_FROM, LABEL_TO, OBSERVED = "label_from", "label_to", "observed"


def rows_of(table: str) -> str:
    """The rows of a table, with times in the history's zone."""
    return f"chs_rows_{table}"


def since(days: int) -> str:
    """The moment so many days before the cutoff."""
    return f"since_{days}"


def as_text_of(column: str) -> str:
    """A column read as text."""
    return f"text_{column}"


def as_number_of(column: str) -> str:
    """A column read as numbers."""
    return f"number_{column}"


def day_of(column: str) -> str:
    """A column of accounts read as a day."""
    return f"day_{column}"


def part(measure: Measure, what: str = "") -> str:
    """A part of a metric, before it is put together."""
    return f"{measure.name}_{what}".rstrip("_")


def newest_of(measure: Measure) -> str:
    """The values of the newest rows of a metric, by spell and cutoff."""
    return f"chs_newest_{measure.name}"
