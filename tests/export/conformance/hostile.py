"""Names, labels and levels that somebody's data could hold and that break a target which writes them as they are.

``NAMES`` and ``LEVELS`` are texts that a formula may carry, ``REFUSED`` those that it may not. ``FILES`` are weights
files in which every text is hostile: metrics, labels, levels, bands, pillars, reasons, the id's column. What they say
is usual, so that their vectors can be asked of any engine. Metrics differ in more than case and composition.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import strategies as st

from chs_ml.errors import FormulaError
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.names import check_levels, check_name

PIECES = (
    # spreadsheets
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "=HYPERLINK(\"http://x\")", "A1", "R1C1", "TRUE", "#REF!",
    # SQL
    "'", '"', "''", '""', "'; DROP TABLE customers; --", "--", "/*", "*/", "/* x */", ";", "#", "$$", "$1", ":x", "?",
    "%s", "select", "NULL", "E'", "N'", "[a]", "]", "[", "@@version", "x'00'", "||",
    # templates
    "${y}", "${jndi:ldap://x}", "{{ x }}", "{{", "}}", "{%", "%}", "{# x #}", "{% raw %}", "{0}", "{", "}", "%(a)s",
    # pages, scripts, XML
    "<%", "</script>", "<script>alert(1)</script>", "<!--", "-->", "]]>", "<![CDATA[", "&amp;", "&lt;", "<b>", ">", "&",
    "//", "__proto__", "constructor", "toString", "this", "class", "def", "None", '"""', "'''", "\N{BULLET}",
    # Markdown and CSV
    "|", "|---|", "**", "_x_", "~~", "# x", "- x", "1. x", "[x](http://x)", "![x](y)", "> x", ",", ";", "a,b", "---",
    # numbers that are none
    "1", "1.0", "01", "1e5", "0x1F", "NaN", "Infinity", "-0", "null", "nil", "true", "1_000", "١٢", "½",
    # letters
    "Кількість входів", "Тариф «Про»", "日本語", "😀", "👩\u200d👩\u200d👧", "e\u0301", "\u00e9", "ß", "İ", "ı", "ſ",
    "ﬁ", "Å", "עברית", "\u202e abc", "\u202d", "\u2066x\u2069", "\u200f", "\u200b", "\ufeff", "\u00a0", "\u3000",
    "\u00ad", " ", "  ", "a b", " x", "x ", "a" * 60,
)  # fmt: skip
BREAKS = ("\\", "`", "\x00", "\n", "\r", "\t", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\uffff")
"""What makes a text one that a formula refuses."""


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).strip()


def _fits(text: str) -> bool:
    try:
        check_name("name", text)
        check_levels("levels", [text])
    except FormulaError:
        return False
    return text not in {"coverage", "not scored"}


_LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
NAMES = st.one_of(
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=3).map("".join),
    _LETTERS,
    st.tuples(st.sampled_from(PIECES), _LETTERS).map("".join),
).filter(_fits)
LEVELS = NAMES
REFUSED = st.tuples(NAMES, st.sampled_from(BREAKS), NAMES).map("".join)


def different(texts: st.SearchStrategy[str], least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Texts that no scorer takes for one another."""
    return st.lists(texts, min_size=least, max_size=most, unique_by=_folded)


@st.composite
def _files(draw: Any) -> WeightsFile:
    number, plan, split, floor, rule, customer = draw(different(NAMES, 6, 6))
    pillar, because, label, owner = (draw(NAMES) for _ in range(4))
    good, middle, bad = draw(different(NAMES, 3, 3))
    names = draw(different(LEVELS, 3, 3))
    table = Levels(((names[0], 1.0), (names[1], 0.25)), 0.5, 0.75)
    split_by = Condition(plan, level=names[2])
    terms = (
        Term(number, pillar, "positive", 0.25, Curve((0.0, 2.5, 10.0), (0.0, 0.75, 1.0), 0.5)),
        Term(plan, pillar, "free", 0.25, table),
        Term(split, pillar, "free", 0.25, Curve((0.0, 1.0), (0.0, 1.0), 0.25), when=split_by, otherwise=0.75),
        Term(split, pillar, "free", 0.25, Curve((0.0, 4.0), (1.0, 0.0), 0.5),
             when=Condition(plan, level=names[2], holds=False), otherwise=0.5),
    )  # fmt: skip
    bands = (Band(good, "green", 70.0), Band(middle, "yellow", 40.0), Band(bad, "red", 0.0))
    rules = (Rule(Condition(rule, above=90.0), bad, because), Rule(Condition(plan, level=names[0]), good, because))
    formula = Formula(terms, Link(-2.0, 5.0), bands, rules, ScoreWhen(0.3, ((floor, 30.0),)))
    words = {"low": 0.1, "high": 0.4, "verdict": "clear", "impact": {"words": draw(NAMES)}, "moves": 2.5}
    return WeightsFile(
        formula,
        draw(NAMES),
        label=label,
        owner=owner,
        customer=customer,
        metrics={name: {"label": draw(NAMES), "unit": draw(NAMES)} for name in formula.metrics},
        evidence=[{"metric": number, "when": None, **words}, {"metric": plan, "when": None, **words}],
        reference={"mean_health": {term.key: 0.5 for term in terms}},
    )


FILES = _files()
