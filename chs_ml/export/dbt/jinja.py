"""SQL and texts inside a template: what is ours is rendered, what is the user's is taken as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import Token, TokenType

from chs_ml.errors import FormulaError
from chs_ml.export.plan import Plan

_TEMPLATE = re.compile(r"\{[{%#]|[}%#]\}")
_ENDS_RAW = re.compile(r"\{%[-+]?\s*endraw")


def raw(text: str) -> str:
    """Return a text that a template prints as it is; FormulaError for one that ends what is raw."""
    if _ENDS_RAW.search(text):
        raise FormulaError(
            "target 'dbt' writes names, labels and levels between raw and endraw, and one of them holds "
            "'{% endraw'; rename it"
        )
    return f"{{% raw %}}{text}{{% endraw %}}" if _TEMPLATE.search(text) else text


def place(plan: Plan, name: str) -> str:
    """Return a name for what is put in afterwards; no column of the formula has it, as it holds its digest."""
    return f"chs_place_{plan.digest[:12]}_{name}"


def rendered(sql: str, dialect: str, tables: Mapping[str, str], today: str = "", but_in: str = "") -> str:
    """Return SQL as a template.

    tables: what stands in the place of a quoted name, as in {"chs_place": "{{ ref('x') }}"}. today: what stands in the
    place of CURRENT_DATE. but_in: how parts of the query begin (WITH given_x AS (...)) that are left as they are. Texts
    and comments of the query are the user's, so it is cut into the engine's own words, not searched.

    Raises:
        FormulaError: for a text that would end what is raw.
    """
    words = sqlglot.tokenize(sql, read=dialect)
    cuts = [(one.start, one.end, tables[one.text]) for one in words if _is_name(one) and one.text in tables]
    if today:
        cuts += [(start, end, today) for start, end in _days(words, but_in)]
    pieces, at = [], 0
    for start, end, instead in sorted(cuts):
        pieces += [raw(sql[at:start]), instead]
        at = end + 1
    return "".join([*pieces, raw(sql[at:])])


def _is_name(word: Token) -> bool:
    return word.token_type == TokenType.IDENTIFIER


def _days(words: list[Token], but_in: str) -> Iterator[tuple[int, int]]:
    """Give where CURRENT_DATE, or CURRENT_DATE(), stands outside the parts of the query that begin so."""
    kinds = [one.token_type for one in words]
    depth, inside = 0, 0
    for at, one in enumerate(words):
        depth += (kinds[at] == TokenType.L_PAREN) - (kinds[at] == TokenType.R_PAREN)
        if not inside and but_in and _is_name(one) and one.text.startswith(but_in):
            inside = depth + 1 if kinds[at + 1 : at + 3] == [TokenType.ALIAS, TokenType.L_PAREN] else 0
        elif inside and kinds[at] == TokenType.R_PAREN and depth < inside:
            inside = 0
        elif not inside and kinds[at] == TokenType.CURRENT_DATE:
            empty = kinds[at + 1 : at + 3] == [TokenType.L_PAREN, TokenType.R_PAREN]
            yield one.start, words[at + 2 if empty else at].end
