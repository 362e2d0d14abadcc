"""What ``price`` answers: who changes band, the figures on both sides, and which weights give way."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from chs_ml.calibration.price import Paired, Price, WeightMoved
from chs_ml.cli.plain import cell
from chs_ml.cli.tables import plain_table
from chs_ml.cli.talk import answer_json, results

MOST = 10
"""Weights that are listed; --json has all."""
NOTE = "Both formulas are learned from the same training rows, as calibrate learns them; only the wish differs."


def answer_price(found: Price, *, as_json: bool) -> None:
    """Print what the wish costs, for people or as JSON."""
    if as_json:
        answer_json(found.as_dict())
        return
    page = results()
    page.print(Text.assemble("Wished: ", cell(found.wished or "what the spec wishes", "bold")))
    page.print(cell(_bands(found)))
    page.print(cell(found.verdict))
    page.print()
    page.print(price_table(found))
    page.print()
    page.print(moved_table(found))
    rest = sum(abs(one.with_wish - one.without) > 0.0 for one in found.weights[MOST:])
    if rest:
        page.print(f"and {rest} more; --json has all of them")
    page.print()
    room = [_room(one) for one in found.weights if one.makes_room]
    if room:
        page.print(cell(f"Room is made by: {', '.join(room)}."))
    page.print(NOTE)


def price_table(found: Price) -> Table:
    """Return AUC and log-loss without and with the wish, and their paired difference."""
    table = plain_table()
    table.add_column(f"{found.rows:,} rows held out")
    for heading in ("without", "with"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("difference (95 % interval)", justify="right")
    for name, paired in (("AUC", found.auc), ("log-loss", found.log_loss)):
        table.add_row(name, _number(paired.without), _number(paired.with_wish), _difference(paired))
    return table


def moved_table(found: Price) -> Table:
    """Return the weights that move most, without and with the wish."""
    table = plain_table()
    table.add_column("Weight of")
    for heading in ("without", "with", "moves"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("wished")
    for one in found.weights[:MOST]:
        sides = [f"{weight:.1%}" if weight else "–" for weight in (one.without, one.with_wish)]
        table.add_row(cell(one.label), *sides, f"{one.with_wish - one.without:+.1%}", one.wished or "")
    return table


def _bands(found: Price) -> str:
    moved = found.bands
    if moved is None:
        return found.no_bands or ""
    where = [f"{count:,} {way}" for count, way in ((moved.up, "up"), (moved.down, "down")) if count]
    where += [f"{moved.elsewhere:,} to or from not scored"] if moved.elsewhere else []
    ways = f": {', '.join(where)}" if where else ""
    share = f"{moved.share:.1%}, 95 % interval {moved.low:.1%} to {moved.high:.1%}"
    return f"{moved.customers:,} of {moved.of:,} customers held out change band ({share}){ways}."


def _room(one: WeightMoved) -> str:
    """Return 'Monthly charges 12.7% → none'."""
    return f"{one.label} {one.without:.1%} → {f'{one.with_wish:.1%}' if one.with_wish else 'none'}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _difference(paired: Paired) -> str:
    found = paired.difference
    if found.difference is None:
        return "–"
    around = "" if found.low is None or found.high is None else f" ({found.low:+.4f} to {found.high:+.4f})"
    return f"{found.difference:+.4f}{around}"
