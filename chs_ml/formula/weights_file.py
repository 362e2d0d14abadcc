"""The weights file: a formula on disk, with what people and other scorers want to know about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from errno import EINVAL
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.formula.atomic import write_whole
from chs_ml.formula.canonical import digest_of, formula_as_dict, formula_digest
from chs_ml.formula.fields import Enough, Place, Problems, plain
from chs_ml.formula.formula import Formula
from chs_ml.formula.layout import laid_out
from chs_ml.formula.names import check_text
from chs_ml.formula.reading import read_formula
from chs_ml.formula.strict_json import LARGEST_FILE, parse
from chs_ml.formula.vectors import Vector, read_vector, vectors_of

FORMAT = "chs-ml/weights"
VERSION = "1.0"

_KEYS = ("format", "version", "digest", "name", "label", "owner", "created", "customer",
         "formula", "metrics", "evidence", "training", "reference", "vectors")  # fmt: skip
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")


@dataclass(frozen=True)
class WeightsFile:
    """A formula and its papers. Only ``formula`` scores; nothing else changes the digest.

    name: of the calibration. label, owner: for people. created: ISO 8601. customer: the id column's name in the source.
    metrics: {metric: {label, unit, definition, observed, missing_share, …}}. evidence: one object for each term.
    training, reference: whatever the calibration wants to keep. vectors: made when first asked for, unless given.
    notes: what was read in a way worth saying; not part of the file.
    """

    formula: Formula
    name: str
    label: str | None = None
    owner: str | None = None
    created: str | None = None
    customer: str | None = None
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    reference: dict[str, Any] = field(default_factory=dict)
    vectors: list[Vector] = field(default_factory=list)
    version: str = VERSION
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Make the papers plain JSON values, refuse what JSON cannot hold, and make vectors where none are given."""
        for name in ("name", "label", "owner", "created", "customer"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name))
        if self.created is not None:
            _check_time(self.created)
        for name in ("metrics", "evidence", "training", "reference", "vectors"):
            object.__setattr__(self, name, plain(getattr(self, name), name))
        if not self.vectors:
            object.__setattr__(self, "vectors", vectors_of(self.formula))

    @property
    def digest(self) -> str:
        """The formula's digest."""
        return formula_digest(self.formula)

    @classmethod
    def load(cls, path: str | Path, called: str | None = None) -> WeightsFile:
        """Read a weights file; nothing in it is ever executed.

        called: what messages call it, by default the file's name.

        Raises:
            FormulaError: with every problem found, each with the file's name and the path inside the file.
        """
        path = Path(path)
        called = called or f"weights file {path.name!r}"
        try:
            content = _content(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is no file name"
            raise FormulaError(f"{called} cannot be read: {reason}. Check the path") from None
        return cls.loads(content, called)

    @classmethod
    def loads(cls, content: str | bytes, file: str = "weights file") -> WeightsFile:
        """Read the text of a weights file; ``file`` names it in messages. Raises FormulaError as ``load`` does."""
        root = parse(content, file)
        notes = _checked_version(root, file)
        problems = Problems()
        try:
            weights = _read(cls, Place(root, "", problems, lenient=bool(notes)), notes)
        except Enough:
            weights = None
        if weights is None:
            raise FormulaError(*(f"{file}: {problem}" for problem in problems))
        return weights

    def dumps(self) -> str:
        """Return the text of the file; reading it and writing it again gives the same bytes."""
        return laid_out({
            "format": FORMAT,
            "version": VERSION,
            "digest": self.digest,
            "name": self.name,
            "label": self.label,
            "owner": self.owner,
            "created": self.created,
            "customer": self.customer,
            "formula": formula_as_dict(self.formula),
            "metrics": self.metrics,
            "evidence": self.evidence,
            "training": self.training,
            "reference": self.reference,
            "vectors": self.vectors,
        })  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the file whole or not at all: into a temporary file beside it, to the disk, then renamed.

        Raises:
            FormulaError: if what would be written could not be read again (over 1 MiB, too deep).
            OutputError: if the folder cannot be written; an older file stays as it was.
        """
        text = self.dumps()
        WeightsFile.loads(text, f"weights file {Path(path).name!r}, not yet written")
        write_whole(Path(path), text.encode())


def _content(path: Path) -> bytes:
    """Return as much of the file as may be read; OSError for what is no file: a pipe would be waited for, for ever."""
    mode = path.stat().st_mode
    if not (S_ISREG(mode) or S_ISDIR(mode)):
        raise OSError(EINVAL, "it is a pipe, a socket or a device; a weights file is a regular file")
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def _checked_version(root: dict[str, Any], file: str) -> tuple[str, ...]:
    """Return a note for a newer minor version; refuse other formats and versions before reading further."""
    if root.get("format") != FORMAT:
        raise FormulaError(
            f"{file}: 'format' is not {FORMAT!r}; this is no weights file of chs_ml. Give the weights.json of a run"
        )
    version = root.get("version")
    found = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if found is None:
        raise FormulaError(f"{file}: 'version' must be text such as {VERSION!r}")
    major, minor = (int(part) for part in VERSION.split("."))
    if int(found[1]) != major:
        raise FormulaError(f"{file}: version {version} is not known; this chs_ml reads {major}.x. Update chs_ml")
    if int(found[2]) <= minor:
        return ()
    return (f"{file}: version {version} is newer than {VERSION}; keys that {VERSION} does not know were ignored",)


def _read(kind: type[WeightsFile], place: Place, notes: tuple[str, ...]) -> WeightsFile | None:
    place.keys(*_KEYS)
    formula = read_formula(place.at("formula"))
    unchecked = place.at("digest").is_null
    if unchecked:
        notes += ("the file has no digest, so nothing shows whether its formula is as it was written",)
    elif formula is not None:
        _check_digest(place)
    vectors = [read_vector(each) for each in place.at("vectors").each()]
    return place.make(
        kind,
        formula=formula,
        name=place.at("name").text(),
        **{key: place.at(key).text_or_null() for key in ("label", "owner", "created", "customer")},
        metrics=_metrics(place.at("metrics")),
        evidence=[each.value for each in place.at("evidence").each() if each.is_object()],
        training=place.at("training").open_object(),
        reference=place.at("reference").open_object(),
        vectors=[] if unchecked else vectors,
        version=place.at("version").text(),
        notes=notes,
    )


def _metrics(place: Place) -> Any:
    for _, metric in place.members():
        if not metric.is_object():
            continue
        for key in ("label", "unit", "definition"):
            metric.at(key).text_or_null()
        metric.at("missing_share").number_or_null()
        observed = metric.at("observed")
        if not observed.is_null and len(observed.numbers()) != 2 and isinstance(observed.value, list):
            observed.note("must be [low, high] or null")
    return place.value


def _check_digest(place: Place) -> None:
    """Compare the digest with the formula as it stands in the file, keys of a newer version included."""
    said, found = place.at("digest").text(), digest_of(place.value["formula"])
    if said and said != found:
        place.at("digest").note(
            f"says {said[:12]}…, but the formula's own is {found[:12]}…: the formula was edited after it was written. "
            'Take the file as it was; or, if the change is meant, set "digest" to null, load the file and save it again'
        )


def _check_time(created: str) -> None:
    try:
        datetime.fromisoformat(created)
    except ValueError:
        raise FormulaError(f"created: {created[:40]!r} is no time in ISO 8601, such as 2026-01-31T09:30:00Z") from None
