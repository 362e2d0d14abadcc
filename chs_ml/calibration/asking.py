"""What is asked of ``price``: "nps=0.3", "nps=0.2..0.4", "pillar:usage>=0.2" → wishes; nothing: the spec's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from chs_ml.errors import SpecError
from chs_ml.formula.wishes import Wish, Wishes
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.nearest import nearest

PILLAR = "pillar:"
FORMS = "a number from 0 to 1, as in 0.3, 0.2..0.4, >=0.2 or <=0.4"
_SIGN = re.compile(r"\s*(=\s*>=|=\s*<=|>=|<=|=)\s*")
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?) *(%?)")
BY, BECAUSE = "whoever asks", "the price is asked for"


def asked(texts: Sequence[str], spec: CalibrationSpec) -> Wishes:
    """Return what the texts wish for; SpecError names every one that cannot be read, or that the spec knows nothing of.

    A wish of the spec for the same name gives way; with all others it has to be met. Without texts the spec's own
    wishes are asked for.
    """
    metrics: dict[str, Wish] = {}
    pillars: dict[str, Wish] = {}
    problems: list[str] = []
    for text in texts:
        found = _read(text, spec)
        if isinstance(found, str):
            problems.append(found)
            continue
        name, wish = found
        into, name = (metrics, name) if name in spec.wishes.pillar_of else (pillars, name.removeprefix(PILLAR))
        if name in into:
            problems.append(f"--set {text}: {name!r} is asked for a second time. Ask once.")
        into[name] = wish
    wishes = spec.wishes.joined(Wishes(metrics, pillars))
    if not wishes and not problems:
        problems.append(
            "price: nothing is asked for, and the spec wishes for no weight. Give --set NAME=WEIGHT; "
            f"WEIGHT is {FORMS}."
        )
    if problems or (problems := wishes.conflicts(list(wishes.pillar_of))):
        raise SpecError(*problems)
    return wishes


def held_anyway(texts: Sequence[str], spec: CalibrationSpec) -> Wishes:
    """Return the wishes that hold without the wish, too: the spec's own, none where it is they that are asked."""
    return spec.wishes if texts else Wishes(pillar_of=spec.wishes.pillar_of)


def _read(text: str, spec: CalibrationSpec) -> tuple[str, Wish] | str:
    """Return name and wish, or what is wrong."""
    known = [*spec.wishes.pillar_of, *(PILLAR + pillar for pillar in _pillars(spec))]
    name = max(
        (name for name in known if _SIGN.match(text, len(name)) and text.startswith(name)), key=len, default=None
    )
    if name is None:
        sign = _SIGN.search(text)
        said = text[: sign.start()] if sign else text
        return f"--set {text}: {_unknown(said, sign is not None, known, spec)}"
    if known.count(name) > 1:
        return f"--set {text}: {name!r} is a metric, and a pillar as well. Write the wish into the spec."
    sign = _SIGN.match(text, len(name))
    ends = _ends("" if sign is None else sign[1], text[0 if sign is None else sign.end() :])
    if isinstance(ends, str):
        return f"--set {text}: {ends}"
    return name, Wish(*ends, BY, BECAUSE)


def _unknown(said: str, has_sign: bool, known: Iterable[str], spec: CalibrationSpec) -> str:
    if not has_sign:
        return f"found no = in it; a wish is NAME=WEIGHT, and WEIGHT is {FORMS}."
    roles = {metric.name: metric.role for metric in spec.metrics}
    if said in roles:
        return (
            f"{said!r} has role: {roles[said]}: it is looked at, never weighted, so that it cannot have a weight. "
            "Ask for a metric with role: metric."
        )
    of = [name for name in known if name.startswith(PILLAR) == said.startswith(PILLAR)]
    what = "pillar" if said.startswith(PILLAR) else "metric"
    return f"no {what} of the spec is called {said.removeprefix(PILLAR)!r}. {nearest(said, of)}"


def _ends(sign: str, value: str) -> tuple[float, float] | str:
    """Return the least and the most, or what is wrong with them."""
    words = value.split("..") if ".." in value else [value]
    try:
        ends = [_weight(word) for word in words]
    except ValueError:
        return f"found {value!r}; a weight is {FORMS}."
    if len(ends) > 2 or (len(ends) == 2 and sign != "="):
        return f"found {value!r}; a weight is {FORMS}."
    if not all(0.0 <= end <= 1.0 for end in ends) or ends[0] > ends[-1]:
        of_a_range = ", and the smaller end of a range comes first" if len(ends) > 1 else ""
        return f"found {value!r}; a weight lies between 0 and 1{of_a_range}."
    least = 0.0 if sign.endswith("<=") else ends[0]
    return least, 1.0 if sign.endswith(">=") else ends[-1]


def _weight(word: str) -> float:
    found = _NUMBER.fullmatch(word.strip())
    if found is None:
        raise ValueError(word)
    return float(found[1]) / (100 if found[2] else 1)


def _pillars(spec: CalibrationSpec) -> Iterator[str]:
    return iter(dict.fromkeys(spec.wishes.pillar_of.values()))
