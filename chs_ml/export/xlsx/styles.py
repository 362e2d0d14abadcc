"""How the workbook looks: what may be changed is blue on yellow, a band has its colour and always its word."""

from __future__ import annotations

import re
from typing import Any

Style = dict[str, Any]

INK, QUIET, LINE, NAVY, INPUT, BLUE, PALE = "#1F2933", "#6B7785", "#D5DBE1", "#1F3A5F", "#FFF8DC", "#0B3D91", "#F3F6F9"
GAIN, LOSS, ROOM = "#2A7F62", "#B5483A", "#E3E8ED"
FONT = "Arial"

LEFT: Style = {"align": "left", "indent": 1}

STYLES: dict[str, Style] = {
    "text": {},
    "wrap": {**LEFT, "text_wrap": True},
    "title": {"bold": True, "font_size": 16, "font_color": NAVY, "valign": "vcenter"},
    "chapter": {"bold": True, "font_size": 12, "font_color": NAVY, "bottom": 1, "bottom_color": NAVY},
    "note": {"font_color": QUIET, "text_wrap": True},
    "note line": {"font_color": QUIET},
    "head": {**LEFT, "bold": True, "font_color": "#FFFFFF", "bg_color": NAVY, "text_wrap": True,
             "valign": "vcenter"},
    "head number": {"bold": True, "font_color": "#FFFFFF", "bg_color": NAVY, "text_wrap": True, "valign": "vcenter",
                    "align": "right"},
    "label": {"font_color": QUIET, "italic": True, "text_wrap": True, "font_size": 9, "valign": "bottom"},
    "strong": {"bold": True},
    "topic": {"bold": True, "text_wrap": True},
    "group": {**LEFT, "bold": True, "top": 1, "top_color": LINE},
    "group line": {**LEFT, "top": 1, "top_color": LINE},
    "line": {**LEFT, "bottom": 1, "bottom_color": LINE},
    "line wrap": {**LEFT, "bottom": 1, "bottom_color": LINE, "text_wrap": True},
    "line strong": {**LEFT, "bottom": 1, "bottom_color": LINE, "bold": True, "text_wrap": True},
    "line share": {"bottom": 1, "bottom_color": LINE, "num_format": "0.0%"},
    "line points": {"bottom": 1, "bottom_color": LINE, "num_format": "0.0"},
    "line signed": {"bottom": 1, "bottom_color": LINE, "num_format": "+0.0;-0.0;0.0"},
    "line health": {"bottom": 1, "bottom_color": LINE, "num_format": "0.000"},
    "line value": {"indent": 1, "bottom": 1, "bottom_color": LINE, "align": "right"},
    "sum": {"bold": True, "top": 1, "num_format": "0.0"},
    "sum share": {"bold": True, "top": 1, "num_format": "0.0%"},
    "sum signed": {"bold": True, "top": 1, "num_format": "+0.0;-0.0;0.0"},
    "sum text": {"bold": True, "top": 1},
    "points": {"num_format": "0.0"},
    "share": {"num_format": "0.0%"},
    "whole share": {"num_format": "0%"},
    "health": {"num_format": "0.000"},
    "exact": {"num_format": "0.000000000"},
    "count": {"num_format": "#,##0"},
    "number": {},
    "quiet": {"font_color": QUIET},
    "quiet line": {**LEFT, "font_color": QUIET, "valign": "vcenter"},
    "quiet text": {"font_color": QUIET, **LEFT},
    "indented": {**LEFT},
    "faint points": {"font_color": "#9AA5B1", "num_format": "0.0"},
    "warning": {"bold": True, "font_color": "#9C0006"},
    "not scored": {"bg_color": "#E0E0E0", "font_color": "#424242", "italic": True, **LEFT},
    "medium share": {"num_format": "0%", "bold": True, "font_size": 14, "valign": "vcenter", "align": "left"},
    "text value": {"num_format": "@", **LEFT},
    "quiet share": {"font_color": QUIET, "num_format": "0.0%"},
    "quiet health": {"font_color": QUIET, "num_format": "0.000"},
    "big": {"bold": True, "font_size": 20, "num_format": "0.0", "align": "left", "font_color": NAVY},
    "big share": {"bold": True, "font_size": 20, "num_format": "0.0%", "align": "left", "font_color": NAVY},
    "big count": {"bold": True, "font_size": 20, "num_format": "#,##0", "align": "left", "font_color": NAVY},
    "big text": {**LEFT, "bold": True, "font_size": 16, "valign": "vcenter", "border": 1,
                 "border_color": LINE},
    "input": {"bg_color": INPUT, "font_color": BLUE, "border": 1, "border_color": LINE},
    "input text": {"bg_color": INPUT, "font_color": BLUE, "border": 1, "border_color": LINE, "num_format": "@"},
    "input share": {"bg_color": INPUT, "font_color": BLUE, "border": 1, "border_color": LINE, "num_format": "0.00%"},
    "input health": {"bg_color": INPUT, "font_color": BLUE, "border": 1, "border_color": LINE, "num_format": "0.000"},
    "input choice": {**LEFT, "bg_color": INPUT, "font_color": BLUE, "border": 2, "border_color": NAVY, "bold": True,
                     "font_size": 12, "num_format": "@", "valign": "vcenter"},
    "output": {**LEFT, "bg_color": PALE, "border": 1, "border_color": LINE},
    "output points": {"bg_color": PALE, "border": 1, "border_color": LINE, "num_format": "0.0", "bold": True},
    "output share": {"bg_color": PALE, "border": 1, "border_color": LINE, "num_format": "0.0%"},
    "output whole share": {"bg_color": PALE, "border": 1, "border_color": LINE, "num_format": "0%"},
    "link": {"font_color": BLUE, "underline": 1},
}  # fmt: skip

_NAMED = {"green": "#2E7D32", "yellow": "#F2A900", "amber": "#F2A900", "orange": "#EF6C00", "red": "#C62828",
          "blue": "#1565C0", "grey": "#757575", "gray": "#757575", "black": "#212121", "white": "#BDBDBD",
          "purple": "#6A1B9A"}  # fmt: skip
_CODE = re.compile(r"#[0-9A-Fa-f]{6}")


def band_color(color: str) -> str:
    """Return the code of a band's colour, grey for a word that nobody here knows."""
    return color.upper() if _CODE.fullmatch(color) else _NAMED.get(color.strip().lower(), _NAMED["grey"])


def band_style(color: str) -> Style:
    """Return how a cell looks that holds a band's word: dark letters on a light ground of its colour."""
    code = band_color(color)
    return {"bg_color": _mixed(code, "#FFFFFF", 0.78), "font_color": _mixed(code, "#000000", 0.45), "bold": True}


def only_color(style: str | Style) -> Style:
    """Return what a condition may change of a cell: colours and letters, never where its text stands."""
    own = STYLES[style] if isinstance(style, str) else style
    return {key: value for key, value in own.items() if key in {"bg_color", "font_color", "bold", "italic"}}


def _mixed(code: str, other: str, share: float) -> str:
    pairs = [(int(code[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one + share * (two - one)):02X}" for one, two in pairs)
