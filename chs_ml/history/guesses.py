"""What a column probably is, told from its name and values; every guess is for a person to confirm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history.columns import Column, as_text, can_be_text, is_time
from chs_ml.history.conditions import MAX_LEVELS
from chs_ml.history.numbers import MISSING_WORDS
from chs_ml.history.readings import Form, Reading, read_metric
from chs_ml.spec.metrics import SCALE_ENDS

_CHURNED_WORDS = re.compile(
    r"1|1\.0|true|t|yes|y|churn(ed)?|left|exited|cancell?ed|lost|closed|inactive|attrited( customer)?|terminated"
    r"|да|так|уш[её]л|отток|пішов|відтік"
)
_RETAINED_WORDS = re.compile(r"0|0\.0|false|f|no|n|нет|ні")
_OUTCOME_NAMES = (
    r"churn(ed)?",
    r"(is_|has_)?(churn(ed)?|left|exited|attrited|cancel(l?ed)?)(_flag|_label|_status)?",
    r"attrition(_flag)?",
    r".*churn.*|отток|відтік",
    r"(customer_|account_)?status",
    r"(is_)?(active|retained|stayed)",
    r"target|label",
)
_STAYED_NAMES = r"(is_)?(active|retained|stayed)"
_WHO = r"customer|account|client|user|subscriber|member|company|tenant|msisdn|phone|клиент|клієнт"
_ID_NAMES = rf"(.*_)?({_WHO})s?_?(id|key|no|nr|number|code|uuid)|({_WHO}|id|uuid)"
_CUTOFF_NAMES = r".*(cutoff|snapshot|as_of|quarter|period|month_end|report_date).*"
_ROW_NAMES = r"row_?(number|id|no)?|index|unnamed.*|(.*_)?(id|key|uuid)"
_AFTERWARDS = r".*(churn|cancel|exit|attrition|terminat).*"
_AUDIT = (
    r"(is_)?(senior|elderly)(_citizen)?|age(_group|_band)?|(gender|sex|race|ethnicity|nationality|religion|disability"
    r"|birth|пол|вік|возраст|стать)(_.*)?"
)
_DATE = r"^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}([ T].*)?$"

_PILLARS: Mapping[str, str] = MappingProxyType(
    {
        "satisfaction": r"nps|csat|ces_|ces$|survey|satisf|rating|sentiment",
        "support": r"ticket|support|complain|incident|escalat|response|resolution|helpdesk",
        "payment": r"invoice|payment|charge|overdue|billing|paid|debt|late_|price|amount|mrr|arr|revenue|refund",
        "advocacy": r"refer|advoc|review|testimon|recommend",
        "relationship": r"tenure|month|contract|renew|partner|dependent|since|years|length",
        "roi": r"roi|value|saving|goal",
        "usage": r"login|usage|session|active|minutes|feature|api|storage|adopt|product|stream|internet|phone|online"
        r"|backup|device|call|line|seat|visit",
    }
)
"""Pillar → beginnings of words that point to it, tried in this order."""


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """One column: its reading where it can be a metric, what it looks like, and why it should not be one."""

    name: str
    text: Column
    reading: Reading
    unfit: str | None

    @property
    def levels(self) -> int:
        """Number of different texts, missing not counted."""
        return int(pc.count_distinct(self.text).as_py())


def look_at(name: str, column: Column, form: Form) -> ColumnGuess:
    """Read a column as `calibrate` would, and say what keeps it from being a metric."""
    text = as_text(column) if can_be_text(column.type) else pa.chunked_array([pa.nulls(len(column), pa.string())])
    reading = read_metric(name, column, None, form)
    return ColumnGuess(name, text, reading, _unfit(name, text, column, reading))


def _unfit(name: str, text: Column, column: Column, reading: Reading) -> str | None:
    levels = pc.count_distinct(text).as_py()
    many = reading.kind == "category" and levels > min(MAX_LEVELS, max(50, len(text) / 2))
    reasons = {
        "dates are no metric; days since a date are": is_time(column.type) or _share_like(text, _DATE) > 0.9,
        "neither numbers nor text": bool(reading.findings),
        "not two different values": levels < 2,
        "may be known only after the customer left": _is_like(name, _AFTERWARDS),
        "numbers the rows": _is_like(name, _ROW_NAMES) and levels == len(text),
        "an id": _is_like(name, rf"({_ID_NAMES})") and re.search(r"id|key|no|nr|number|code", _words(name)) is not None,
        f"{levels:,} different texts: names or ids": many,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def is_customer(guess: ColumnGuess) -> bool:
    """Whether the column is named like a customer's id."""
    return _is_like(guess.name, _ID_NAMES)


def is_unique(guess: ColumnGuess) -> bool:
    """Whether every row has a value of its own."""
    return guess.text.null_count == 0 and guess.levels == len(guess.text) > 0


def is_cutoff(guess: ColumnGuess) -> bool:
    """Whether the column holds dates and is named like a cutoff."""
    return _is_like(guess.name, _CUTOFF_NAMES) and _share_like(guess.text, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}") == 1


def is_audit(name: str) -> bool:
    """Whether the column says who somebody is rather than what they do."""
    return _is_like(name, _AUDIT)


def outcome_rank(guess: ColumnGuess) -> int | None:
    """How much the column looks like the outcome: 0 is most, None not at all; it needs two values to be told apart."""
    ranks = [at for at, pattern in enumerate(_OUTCOME_NAMES) if _is_like(guess.name, pattern)]
    return ranks[0] if ranks and churned_and_retained(guess) else None


def churned_and_retained(guess: ColumnGuess) -> tuple[str, str] | None:
    """The value that means churned and the one that means retained, if two values allow the guess."""
    values = [value for value in pc.unique(guess.text.drop_null()).to_pylist() if value.lower() not in MISSING_WORDS]
    words = _RETAINED_WORDS if _is_like(guess.name, _STAYED_NAMES) else _CHURNED_WORDS
    churned = [value for value in values if words.fullmatch(value.lower().rstrip("."))]
    if len(values) != 2 or len(churned) != 1:
        return None
    return churned[0], next(value for value in values if value != churned[0])


def scale_of(guess: ColumnGuess) -> str | None:
    """The survey scale, when name and values fit it."""
    if guess.reading.kind != "number":
        return None
    values = np.asarray(guess.reading.values, dtype=np.float64)
    named = (scale for scale in SCALE_ENDS if scale in _words(guess.name).split("_"))
    fitting = (scale for scale in named if SCALE_ENDS[scale][0] <= np.nanmin(values))
    return next((scale for scale in fitting if np.nanmax(values) <= SCALE_ENDS[scale][1]), None)


def pillar_of(name: str) -> str:
    """The pillar that a word of the name points to; engagement where none does."""
    return next(
        (pillar for pillar, words in _PILLARS.items() if re.search(rf"(^|_)({words})", _words(name))), "engagement"
    )


def _words(name: str) -> str:
    """`SeniorCitizen`, `senior citizen` → senior_citizen."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def _is_like(name: str, pattern: str) -> bool:
    return re.fullmatch(pattern, _words(name)) is not None


def _share_like(text: Column, pattern: str) -> float:
    known = text.drop_null()
    return pc.sum(pc.match_substring_regex(known, pattern)).as_py() / len(known) if len(known) else 0.0
