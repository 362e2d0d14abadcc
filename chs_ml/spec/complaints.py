"""What pydantic found → sentences that name the key, what was found, the rule and the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from chs_ml.spec.nearest import nearest
from chs_ml.spec.part import SpecPart

_WANTED = {
    "float_parsing": "a number", "float_type": "a number", "finite_number": "a finite number",
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "string_type": "text", "tuple_type": "a list", "list_type": "a list", "model_type": "a mapping of keys",
    "date_from_datetime_parsing": "a date as in 2025-07-01", "date_parsing": "a date as in 2025-07-01",
    "date_type": "a date as in 2025-07-01", "string_too_short": "text that is not empty",
}  # fmt: skip


def complaints(error: ValidationError, spec: type[SpecPart]) -> Iterator[tuple[str, str]]:
    """(path, sentence) for every problem; keys that a later version serves are said to be not served yet."""
    found = [one for one in error.errors(include_url=False) if not _is_echo(one)]
    awaited = {tuple(one["loc"][:-1]) for one in found if _is_later(one, spec)}
    for one in found:
        if one["type"] != "missing" or tuple(one["loc"][:-1]) not in awaited:
            for line in _sentence(one, spec).split("\n"):
                yield _path_of(one["loc"]), line


def _sentence(one: Any, spec: type[SpecPart]) -> str:
    kind, loc = one["type"], [key for key in one["loc"] if not str(key).startswith("<")]
    part, field = _part_at(spec, loc[:-1]), _field_at(spec, loc)
    if kind == "extra_forbidden":
        return _unknown_key(part, str(loc[-1]), spec)
    meaning = f" ({field.description})" if field and field.description else ""
    if kind == "missing":
        return f"is missing{meaning}. Add it."
    if kind == "value_error":
        return "\n".join(
            line if line.endswith(("?", ".")) else f"{line}." for line in str(one["ctx"]["error"]).split("\n")
        )
    return f"found {_shown(one['input'])}; must be {_wanted(one)}{meaning}. {_remedy(one)}"


def _unknown_key(part: type[SpecPart] | None, key: str, spec: type[SpecPart]) -> str:
    if part is None:
        return "unknown key. Remove it."
    if key in part.later:
        return f"not served yet; {part.later[key]} will come with a later version. Remove it."
    elsewhere = [section for section in _sections(spec, ()) if key in _keys(section[1])]
    within = {inner for inner, _ in _sections(part, ())} if part is not spec else set()
    elsewhere = [one for one in elsewhere if any(one[0][-len(way) :] == way for way in within if way)] or elsewhere
    guess = nearest(key, _keys(part))
    if len(elsewhere) == 1 and not guess.startswith("Did"):
        return f"unknown key here. {key} belongs {_under(elsewhere[0][0])}. Move it there."
    return f"unknown key. {guess}"


def _sections(part: type[SpecPart], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], type[SpecPart]]]:
    """Give every section of the spec with its path, the spec itself first."""
    yield path, part
    for name, field in part.model_fields.items():
        within = _part_in(field.annotation)
        if within is not None:
            yield from _sections(within, (*path, field.alias or name))


def _under(path: tuple[str, ...]) -> str:
    return f"under {'.'.join(path)}" if path else "at the top of the spec"


def _wanted(one: Any) -> str:
    if one["type"] == "literal_error":
        return f"one of {one['ctx']['expected']}"
    if one["type"] == "string_pattern_mismatch":
        return "of the right form"
    message = str(one["msg"][0].lower() + one["msg"][1:])
    return _WANTED.get(one["type"], message.replace("input should be ", "").replace("input should ", "such as to "))


def _remedy(one: Any) -> str:
    if one["type"] == "literal_error" and isinstance(one["input"], str):
        words = [word.strip("' ") for word in one["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        guess = nearest(one["input"], words)
        return guess if guess.startswith("Did") else "Use one of them."
    return "Correct it."


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    if "://" in str(value):
        return "an address (not shown)"
    return repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…'"


def _is_echo(one: Any) -> bool:
    """A list is reported as too short when its items are wrong; the items have been reported themselves."""
    return bool(one["type"] == "too_short" and len(one["input"]) > one["ctx"]["actual_length"])


def _is_later(one: Any, spec: type[SpecPart]) -> bool:
    part = _part_at(spec, one["loc"][:-1])
    return one["type"] == "extra_forbidden" and part is not None and one["loc"][-1] in part.later


def _keys(part: type[SpecPart]) -> list[str]:
    return [field.alias or name for name, field in part.model_fields.items()]


def _field_at(spec: type[SpecPart], loc: Sequence[Any]) -> FieldInfo | None:
    """The field at a path; for an item of a list the list's own field."""
    loc = [key for key in loc if isinstance(key, str)]
    part = _part_at(spec, loc[:-1]) if loc else None
    return _field_of(part, loc[-1]) if part and loc else None


def _part_at(spec: type[SpecPart], loc: Sequence[Any]) -> type[SpecPart] | None:
    """The part at a path; the keys of a mapping of parts are names that the user chose."""
    part: type[SpecPart] | None = spec
    keys = iter([key for key in loc if isinstance(key, str)])
    for key in keys:
        field = _field_of(part, key) if part else None
        part = _part_in(field.annotation) if field else None
        if field and get_origin(field.annotation) is dict:
            next(keys, None)
    return part


def _field_of(part: type[SpecPart], key: str) -> FieldInfo | None:
    return next((field for name, field in part.model_fields.items() if (field.alias or name) == key), None)


def _part_in(annotation: Any) -> type[SpecPart] | None:
    """The spec part inside ``tuple[Metric, ...]``, ``Baseline | None`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, SpecPart):
        return annotation
    return next((part for part in map(_part_in, get_args(annotation)) if part), None)


def _path_of(loc: Sequence[Any]) -> str:
    path = ""
    for key in (key for key in loc if not str(key).startswith("<")):
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
    return path
