"""Pieces of formulas: what a cell is read as, where it lies on a curve, and points in whole numbers."""

from __future__ import annotations

from chs_ml.export.xlsx.cells import Area


def number_read(x: str, no_number: str) -> str:
    """Return the formula of a cell's number: '' where it is empty, ``no_number`` where it holds text.

    Truth is asked first, since LibreOffice takes TRUE for a number.
    """
    return f'IF(ISLOGICAL({x}),IF({x},1,0),IF(ISNUMBER({x}),{x},IF(TRIM({x})="","","{no_number}")))'


def level_read(x: str, *, whole: bool) -> str:
    """Return the formula of a cell's level: '' where it is empty, a number, or a text as keys have it.

    whole: some level of the metric is a whole number, so that the text ``1.0`` is ``1``.
    """
    text = _whole(x) if whole else f'{x}&""'
    flag = f'IF(OR(LOWER({x})="true",LOWER({x})="false"),LOWER({x}),{text})'
    return f'IF(ISLOGICAL({x}),IF({x},"true","false"),IF(ISNUMBER({x}),{x},{flag}))'


def on_curve(read: str, step: str, knots: Area, values: Area) -> str:
    """Return the straight line between the knot at or below a number and the next one; level beyond both ends."""
    count = f"ROWS({knots})"
    rise = f"(INDEX({values},{step}+1)-INDEX({values},{step}))/(INDEX({knots},{step}+1)-INDEX({knots},{step}))"
    line = f"INDEX({values},{step})+({read}-INDEX({knots},{step}))*{rise}"
    return f"IF({step}=0,INDEX({values},1),IF({step}={count},INDEX({values},{count}),{line}))"


def whole_points(points: str, most: int) -> str:
    """Return the nearest whole number from 1 to ``most``; a half goes to the even one, as in every other scorer."""
    half = f"({points})-INT({points})=0.5"
    return f"MAX(1,MIN({most},IF({half},2*ROUND(({points})/2,0),ROUND({points},0))))"


def _whole(x: str) -> str:
    """Return what stands before ``.0``, ``.00`` and so on, where that is a whole number; else the text as it is."""
    begins = f'LEFT({x},FIND(".0",{x}&".0")-1)'
    ends = f'SUBSTITUTE(MID({x},FIND(".0",{x}&".0")+2,LEN({x})),"0","")=""'
    is_whole = f'OR({begins}="-0",IFERROR(EXACT({begins},INT(VALUE({begins}))&""),FALSE))'
    return f'IF(AND({ends},{is_whole}),{begins},{x}&"")'
