"""The spec's wished weights together: who wishes what and why, and whether all of it can be met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chs_ml.formula.wishes import Wish, Wishes
from chs_ml.spec.metrics import Metric
from chs_ml.spec.nearest import nearest
from chs_ml.spec.weights import Pillar, WishedWeight


@dataclass(frozen=True)
class Wishing:
    """The sections of a spec that say what is wished, and whose word it is where a wish does not say."""

    metrics: Sequence[Metric]
    pillars: Sequence[Pillar]
    owner: str | None
    because: str | None

    def wishes(self) -> Wishes:
        """Return the wishes for metrics with role metric, and for pillars."""
        served = [metric for metric in self.metrics if metric.role == "metric"]
        return Wishes(
            {metric.name: self._wish(metric.weight) for metric in served if metric.weight is not None},
            {pillar.name: self._wish(pillar.weight) for pillar in self.pillars},
            {metric.name: metric.pillar for metric in served},
        )

    def problems(self) -> Iterator[str]:
        """Give what is wrong, each with the path of its key; then what cannot be met together."""
        found = [*self._metrics_wrong(), *self._pillars_wrong(), *self._unsaid()]
        yield from found
        if not found:
            wishes = self.wishes()
            yield from map(self._placed, wishes.conflicts(list(wishes.pillar_of)) if wishes else ())

    def _wish(self, said: WishedWeight) -> Wish:
        return Wish(said.min, said.max, said.by or self.owner or "", said.because or self.because or "")

    def _metrics_wrong(self) -> Iterator[str]:
        for at, metric in enumerate(self.metrics):
            if metric.weight is not None and metric.role != "metric":
                yield (
                    f"metrics[{at}].weight: found a wish for {metric.name!r}, which has role: {metric.role}; only a "
                    "metric of the formula has a weight. Remove the wish"
                )

    def _pillars_wrong(self) -> Iterator[str]:
        known = list(dict.fromkeys(metric.pillar for metric in self.metrics if metric.role == "metric"))
        names = [pillar.name for pillar in self.pillars]
        for at, name in enumerate(names):
            if name not in known:
                yield f"pillars[{at}].name: found {name!r}; no metric belongs to it. {nearest(name, known)}"
            if name in names[:at]:
                yield f"pillars[{at}].name: found {name!r} a second time; each pillar is named once. Remove one"

    def _placed(self, conflict: str) -> str:
        """Return the conflict with the path of the wish that it speaks of, the first where it is about all of them."""
        paths = {
            f"metric {one.name!r}": f"metrics[{at}].weight"
            for at, one in enumerate(self.metrics)
            if one.weight is not None
        }
        paths |= {f"pillar {one.name!r}": f"pillars[{at}].weight" for at, one in enumerate(self.pillars)}
        about, _, rest = conflict.partition(": found ")
        if about in paths:
            return f"{paths[about]}: {conflict}"
        return f"{next(iter(paths.values()))}: found {rest}" if paths and rest else conflict

    def _unsaid(self) -> Iterator[str]:
        said = [(f"metrics[{at}].weight", metric.weight) for at, metric in enumerate(self.metrics)]
        said += [(f"pillars[{at}].weight", pillar.weight) for at, pillar in enumerate(self.pillars)]
        for path, weight in said:
            if weight is None:
                continue
            absent = [
                key
                for key, word in (("by", weight.by or self.owner), ("because", weight.because or self.because))
                if not word
            ]
            if absent:
                yield (
                    f"{path}: a wish says who and why, and this one lacks {' and '.join(absent)}. Add "
                    f"{' and '.join(absent)} to it, or {' and '.join(map(_of_the_spec, absent))} to the spec"
                )


def _of_the_spec(key: str) -> str:
    return {"by": "owner"}.get(key, key)
