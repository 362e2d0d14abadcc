"""The import files of customer-success platforms: what their columns are called, and how scores become them.

Sources of the names: support.churnzero.com "CSV imports"; help.planhat.com "Excel import templates";
support.totango.com "Prepare a data file for upload"; HubSpot and Gainsight map any header (docs/platforms.md).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.errors import ChsError
from chs_ml.export.plan import REASONS
from chs_ml.formula.bands import NOT_SCORED


@dataclass(frozen=True)
class Platform:
    """key: the column of customers' ids. field: how a column of ours is called there, '{}' being its name.

    join: what stands between the words of a name; fields of some platforms hold no blanks.
    """

    name: str
    key: str
    field: str = "CHS {}"
    join: str = " "

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the file: id, whole score, band, reasons, as of when."""
        texts = [f"reason{self.join}{at + 1}" for at in range(REASONS)]
        return pa.schema(
            [
                (self.key, pa.string()),
                (self._called("score"), pa.int16()),
                *((self._called(text), pa.string()) for text in ("band", *texts, f"as{self.join}of")),
            ]
        )

    def rows(self, scored: pa.Table) -> pa.Table:
        """Return a batch of scores as the platform imports it: the score rounded, blank where there is none.

        The band is that of the score before it was rounded.
        """
        unscored = pc.fill_null(pc.equal(scored["band"], NOT_SCORED), False)
        score = pc.if_else(unscored, None, pc.cast(pc.round(scored["score"]), pa.int16()))
        reasons = [scored[f"reason_{at + 1}"] for at in range(REASONS)]
        columns = [scored["customer"], score, scored["band"], *reasons, scored["as_of"]]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _called(self, name: str) -> str:
        return self.field.format(name)


PLATFORMS: Mapping[str, Platform] = {
    "churnzero": Platform("ChurnZero", "accountExternalId", "cf_chs_{}", "_"),
    "gainsight": Platform("Gainsight", "Company ID"),
    "planhat": Platform("Planhat", "External Id"),
    "hubspot": Platform("HubSpot", "Record ID"),
    "totango": Platform("Totango", "Account ID", "chs_{}", "_"),
}


def platform_called(name: str) -> Platform:
    """Return a platform; ChsError for a name that is none, with the nearest."""
    found = PLATFORMS.get(name.lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), PLATFORMS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ChsError(f"--for {name!r}: no such platform; there are: {', '.join(PLATFORMS)}.{hint}")
    return found
