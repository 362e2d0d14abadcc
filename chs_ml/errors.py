"""Every error a person may cause, each with the exit code that the command line answers with."""

from __future__ import annotations


class ChsError(Exception):
    """Something that the user can mend; carries every problem found, one line each.

    Each problem names the thing (file, column, metric), what was found, the rule, and the remedy.
    """

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        self.problems: tuple[str, ...] = problems
        super().__init__("\n".join(problems))


class SpecError(ChsError):
    """The calibration spec says something that cannot be."""


class DataError(ChsError, ValueError):
    """A table is damaged, or does not hold what the spec or the formula needs."""


class FormulaError(ChsError, ValueError):
    """A formula or a weights file breaks a rule of its format."""


class FitError(ChsError, ValueError):
    """The data cannot carry a fit: one class, too few rows, nothing that varies."""


class OutputError(ChsError):
    """Results could not be written; nothing half-written was left."""


class TrackingError(ChsError):
    """The results are saved, but MLflow could not be reached or refused them."""

    exit_code = 3
