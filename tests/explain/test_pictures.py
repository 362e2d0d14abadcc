"""Pictures: the same bytes each time, whatever the names are."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chs_ml.explain.curves_picture import _ticks, draw_curves, height_of_curves
from chs_ml.explain.pictures import draw_weights, pictures_of
from chs_ml.explain.style import USUAL_SIZE, WIDTH, fitted, width_of
from chs_ml.formula import Band, Curve, Formula, Levels, Link, Term, WeightsFile
from tests import tiny
from tests.explain.sure import sure_file

HOSTILE = [
    "$x_1$",
    "<script>alert(1)</script>",
    "входы за 30 дней",
    "a_b_c",
    "very long " * 12,
    "^{1}_{2}",
    "50 %",
    "客户",
]
EVALUATION = {
    "bands": [
        {"name": "healthy & <b>", "customers": 1500, "churn_rate": 0.02, "low": 0.01, "high": 0.05},
        {"name": "$empty$", "customers": 3, "churn_rate": None, "low": None, "high": None},
    ]
}


def many(count: int, names=None) -> WeightsFile:
    names = names or [f"metric {at}" for at in range(count)]
    curve, levels = Curve((0.0, 2.5, 1e6), (0.0, 0.7, 1.0), 0.5), Levels((("$a$ <b>", 0.0), ("б", 1.0)), 0.5, 0.5)
    ways = ("positive", "negative", "free")
    terms = tuple(
        Term(name, "usage", ways[at % 3], 1.0 / count, levels if at % 3 == 2 else curve)
        for at, name in enumerate(names)
    )
    return WeightsFile(Formula(terms, Link(0.0, 3.0)), "many", label="2026Q4 $ & <i>")


def drawn(weights: WeightsFile) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pictures_of(weights, EVALUATION)


@pytest.mark.parametrize("weights", [many(1), many(40), many(len(HOSTILE), HOSTILE)], ids=["one", "forty", "hostile"])
def test_pictures_are_valid_and_warn_of_nothing(weights):
    pictures = drawn(weights)
    assert set(pictures) == {"weights", "curves", "bands"}
    for name, picture in pictures.items():
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert not [part for part in root.iter() if part.tag.endswith("script")]
        assert not [part for part in root.iter() if part.tag.endswith(("image", "foreignObject", "}a"))]


def test_names_are_written_as_they_are():
    text = "".join(ElementTree.fromstring(drawn(many(len(HOSTILE), HOSTILE))["weights"]).itertext())
    for name in ("$x_1$", "<script>alert(1)</script>", "входы за 30 дней", "a_b_c", "^{1}_{2}", "2026Q4 $ & <i>"):
        assert name in text
    assert "− very long very long" in text and "…" in text


def test_the_same_formula_gives_the_same_bytes_whatever_style_a_user_has():
    first = drawn(many(3))
    with matplotlib.rc_context({"font.size": 30.0, "axes.grid": True, "svg.hashsalt": None}):
        assert drawn(many(3)) == first
        assert matplotlib.rcParams["font.size"] == 30.0
    assert drawn(many(3)) == first


def test_a_wide_formula_shows_its_heaviest_terms(monkeypatch):
    monkeypatch.setattr("chs_ml.explain.curves_picture.MOST_PANELS", 3)
    assert "the 3 heaviest" in drawn(many(4))["curves"]
    assert "heaviest" not in drawn(many(3))["curves"]


def words(picture: str) -> str:
    return "\n".join(ElementTree.fromstring(picture).itertext())


def test_the_titles_suit_any_name():
    assert "What the health score is made of: 2026Q4 $ & <i>" in drawn(many(2))["weights"].replace(
        "&amp;", "&"
    ).replace("&lt;", "<").replace("&gt;", ">")
    assert "one scale for all panels" in drawn(many(2))["curves"]


def test_units_stand_beside_the_label_or_below_the_curve(weights):
    assert "+ Time with us" in words(pictures_of(weights, EVALUATION)["curves"])
    for unit, expected in (
        ("months", "+ Time with us, months"),
        ("unbelievably long and tedious months", "unbelievably long and tedious months"),
    ):
        weights.metrics["tenure"]["unit"] = unit
        text = words(pictures_of(weights, EVALUATION)["curves"])
        assert f"\n{expected}\n" in text and "…" not in text


def test_a_learned_value_for_missing_is_drawn_and_only_that():
    curve, levels = Curve((0.0, 10.0), (0.0, 1.0), 0.4), Levels((("a", 0.0), ("b", 1.0)), 0.5, 0.4)
    for learned, times in ((True, 2), (False, 0)):
        terms = [
            Term(str(at), "p", "free", 0.5, shape, missing_learned=learned) for at, shape in enumerate((curve, levels))
        ]
        text = words(pictures_of(WeightsFile(Formula(tuple(terms)), "x"), EVALUATION)["curves"])
        assert text.count("missing") == times


def one_curve(knots, values, missing: float, beside: float = 1.0) -> WeightsFile:
    """A formula of this curve, whose weight is a part of that of another one, and so its height on the page."""
    part = beside / (1.0 + beside)
    terms = (
        Term("x", "p", "free", part, Curve(tuple(knots), tuple(values), missing), missing_learned=True),
        Term("other", "p", "positive", 1.0 - part, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),
    )
    return WeightsFile(Formula(terms), "one", reference={"mean_health": {"x": 0.4, "other": 0.5}})


def hidden_by_its_label(weights: WeightsFile) -> bool:
    """Whether the curve of the first metric runs through the label of its value for missing."""
    figure = Figure(figsize=(WIDTH, height_of_curves(weights)))
    draw_curves(weights, figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axes,) = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("± x")]
    (label,) = [text for text in axes.texts if text.get_text() == "missing"]
    box, line = label.get_window_extent(canvas.get_renderer()), axes.lines[0]
    x, y = axes.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()])).T
    at = np.linspace(x[0], x[-1], 2000)
    within = (box.x0 <= at) & (at <= box.x1)
    heights = np.interp(at, x, y)[within]
    return bool(((box.y0 <= heights) & (heights <= box.y1)).any())


def test_the_label_for_missing_hides_no_curve():
    draw = np.random.default_rng(0)
    pulse = ((19, 40.6, 49, 55, 60.5, 66, 72, 80.5, 100), (0, 0.01, 0.28, 0.28, 0.45, 0.85, 0.9, 0.9, 1.0))
    falling = ((1, 8, 17, 27, 42, 61, 88, 135, 340), (1, 1, 0.9, 0.7, 0.6, 0.53, 0.28, 0.13, 0.0))
    drawn = [one_curve(*pulse, 0.43, 0.25), one_curve(*falling, 0.37, 0.46)]
    for _ in range(40):
        values = np.sort(draw.uniform(0, 1, 9))[:: draw.choice([-1, 1])]
        values = (values - values.min()) / np.ptp(values)
        drawn.append(one_curve(np.sort(draw.uniform(0, 9, 9)), values, draw.uniform(), draw.uniform(0.1, 1)))
    assert [at for at, weights in enumerate(drawn) if hidden_by_its_label(weights)] == []


@pytest.mark.parametrize("last", [2, 5, 7, 10, 12, 31, 99, 100, 453])
def test_what_takes_only_whole_numbers_is_read_at_whole_numbers(last):
    """A curve's knots are values that occur: where all of them are whole, half an NPS answer is none."""
    for whole, knots in ((True, (0.0, 1.0, float(last))), (False, (0.0, 0.5, float(last)))):
        ticks = _ticks(0.0, float(last), 140 / last, whole=all(knot.is_integer() for knot in knots))
        assert len(ticks) >= 2 and (not whole or all(tick.is_integer() for tick in ticks)), ticks
    figure = Figure(figsize=(WIDTH, 3.0))
    draw_curves(one_curve(np.arange(1.0, 11.0), np.linspace(0, 1, 10), 0.4), figure)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels and all(label.isdigit() for label in labels), labels


def test_weights_say_how_sure_they_are():
    picture = pictures_of(sure_file(), EVALUATION)["weights"]
    text = words(picture)
    for said in (
        "+ Time with us",
        "40.0",
        "✓ clear",
        "~ weak",
        "20.0†",
        "? not enough evidence, pinned",
        "✗ contradicts",
    ):
        assert said in text
    assert "relationship: 60%" in text and "payment: 20%" in text and "◇ pinned by hand" in text
    assert "with its 95 % interval" in text and "with its 95 % interval" not in words(drawn(many(3))["weights"])


def test_pillars_and_their_terms_stand_by_weight():
    text = words(pictures_of(sure_file(), EVALUATION)["weights"])
    places = [
        text.index(said) for said in ("relationship:", "+ Time with us", "± plan", "payment:", "− charge", "support:")
    ]
    assert places == sorted(places)


def test_where_no_weight_has_an_interval_the_picture_says_why():
    bare = WeightsFile(many(2).formula, "x", training={"intervals": "no weight has an interval: $ <b>"})
    assert "no weight has an interval: $ <b>" in words(pictures_of(bare, EVALUATION)["weights"])


@pytest.mark.parametrize("ends", [(-9.0, 9.9), (0.0, 0.0), (0.9, 1.4)])
def test_intervals_far_out_are_drawn_too(ends):
    line = {"metric": "metric 0", "when": None, "low": ends[0], "high": ends[1], "verdict": "clear", "outside": True}
    weights = WeightsFile(many(2).formula, "x", evidence=[line])
    assert "✓ clear" in words(drawn(weights)["weights"])
    figure = Figure()
    draw_weights(weights, figure)
    left, right = figure.axes[0].get_xlim()
    assert left == 0.0 and 50.0 <= right <= 105.0, "the bars of 50 stay readable; no weight is below 0 or above 100"
    drawn_at = [at for line in figure.axes[0].lines[1:] for at in line.get_xdata()]
    assert min(drawn_at) >= 0.0 and max(drawn_at) <= 100.0


def test_a_metric_that_separates_is_marked():
    line = {"metric": "metric 0", "when": None, "low": None, "high": None, "verdict": "clear", "separates": "complete"}
    text = words(drawn(WeightsFile(many(2).formula, "x", evidence=[line]))["weights"])
    assert "✓ clear ‡" in text and "‡ separates, no interval holds" in text


def test_all_marks_are_explained_in_one_line():
    lines = [{**line, "separates": "complete"} if line["metric"] == "plan" else line for line in sure_file().evidence]
    text = words(drawn(replace(sure_file(), evidence=lines))["weights"])
    marks = "; ◇ pinned by hand; † outside its interval; ‡ separates, no interval holds"
    assert f"full dot: clear, open: not so sure{marks}" in text.replace("\n", "")


def test_names_are_whole_where_there_is_room():
    text = words(drawn(many(3, ["Several telephone lines", "Bank transfer (automatic)", "x"]))["curves"])
    assert "+ Several telephone lines" in text and "− Bank transfer (automatic)" in text


def test_bands_say_cut_colour_shape_and_the_rate_of_all():
    bands = (Band("healthy & <b>", "green", 59.38), Band("$empty$", "red", 0.0))
    weights = WeightsFile(Formula(many(1).formula.terms, Link(0.0, 3.0), bands), "x")
    picture = pictures_of(weights, {**EVALUATION, "holdout": {"churn_rate": 0.265}})["bands"]
    text = words(picture)
    assert "score from 59.4, n = 1,500" in text and "score below 59.4, n = 3" in text and "everybody 26.5%" in text
    assert "#2a7f62" in picture
    assert "everybody" not in words(pictures_of(weights, EVALUATION)["bands"])


def test_no_letter_is_smaller_than_seven_pixels_at_550():
    weights = tiny.calibrated().weights
    drawn = pictures_of(weights, tiny.calibrated().evaluation.as_dict())
    for name, picture in [*drawn.items(), ("sure", pictures_of(sure_file(), EVALUATION)["weights"])]:
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", picture)]
        assert sizes and min(sizes) * 550 / (WIDTH * 72) >= 7.0, name


def test_a_text_is_cut_to_the_room_it_has():
    assert fitted("short", 100.0) == "short"
    assert fitted("a\nb", 100.0) == "a b"
    cut = fitted("a label that is much too long", 60.0, tail=", months")
    assert cut.endswith("…, months") and width_of(cut, 8.0) <= 60.0


def test_where_a_label_is_cut_the_side_of_a_split_stays():
    cut = fitted("Tickets opened by anybody", 150.0, tail=" (Plan = basic)")
    assert cut.startswith("T") and cut.endswith("… (Plan = basic)") and width_of(cut, USUAL_SIZE) <= 150.0
    whole = fitted("Tickets", 60.0, tail=" (a condition that alone is too long)")
    assert whole.startswith("Tick") and whole.endswith("…") and width_of(whole, USUAL_SIZE) <= 60.0
