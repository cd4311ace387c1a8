"""Pictures: exact, escaped, the same every time, and nothing for zero."""

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ledger.programs.chart import Bar, Chart, Mark
from projections.pictures.svg import (
    GAP,
    LABELS,
    PLOT,
    WIDTH,
    Change,
    drawn,
    pixels,
    spread,
    waterfall,
)
from tests.golden_files import same_as

FOLDER = Path(__file__).parent
SVG = "{http://www.w3.org/2000/svg}"


def _mark(size: str, meaning: str = "payable") -> Mark:
    return Mark(Decimal(size), f"{size} CNY", meaning)  # type: ignore[arg-type]


def _chart(*bars: Bar) -> Chart:
    return Chart("c", "A title", "What it shows.", bars)


STACKED = _chart(
    Bar("partner:P-01", (_mark("14"), _mark("2", "declined"), _mark("1", "held"))),
    Bar("partner:P-02", (_mark("0"),)),
    Bar("a label that is much longer than there is room for it", (_mark("-3.50"),)),
)
FLOOR = _chart(
    Bar("M-402", (_mark("19999.99", "declined"),), Mark(Decimal("20000.00"), "floor 20,000.00")),
    Bar("M-401", (_mark("25000.00"),), Mark(Decimal("22000.00"), "floor 22,000.00")),
)
FLOWS = [
    Change("issued", Decimal("60400.00"), "60,400.00 CNY"),
    Change("adjusted", Decimal("-2000.00"), "-2,000.00 CNY"),
    Change("paid", Decimal("-70000.00"), "-70,000.00 CNY"),
    Change("open", Decimal("-11600.00"), "-11,600.00 CNY", total=True),
]
DAYS = [f"2026-01-{day:02}" for day in range(1, 9)]


def _series(*sizes: str, labels: list[str] = DAYS) -> Chart:
    bars = [
        Bar(label, (_mark(size, "declined" if size.startswith("-") else "payable"),))
        for label, size in zip(labels, sizes, strict=False)
    ]
    return _chart(*bars)._replace(shape="columns")


PICTURES = {
    "columns": drawn(_series("10.00", "0.00", "0.01", "1234567.89", "0.00", "400000.00"), "p"),
    "columns-below": drawn(_series("-2.50", "0.00", "7.50", "-0.01"), "p"),
    "stacked": drawn(STACKED, "p"),
    "floor": drawn(FLOOR, "p"),
    "waterfall": waterfall("From issued to open", "What is left.", FLOWS, "w"),
    "empty": drawn(_chart(), "p"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_it_always_was(name: str) -> None:
    """To the byte; `DUEBOOK_GOLDEN=write` writes it anew, to be looked at before it is kept."""
    same_as(FOLDER / f"{name}.svg", PICTURES[name] + "\n")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_it_shows_to_those_who_cannot_see_it(name: str) -> None:
    """It is one image with a title and a description, and each bar says what it stands for."""
    root = ElementTree.fromstring(PICTURES[name])
    labelled = root.attrib["aria-labelledby"].split()
    texts = {node.attrib.get("id"): node.text for node in root}
    assert root.attrib["role"] == "img"
    assert all(texts[name] for name in labelled)
    for rect in root.iter("rect"):
        assert rect.attrib["class"] == "pattern" or rect.find("title") is not None


def test_zero_looks_like_zero() -> None:
    """No bar, however thin; and a value that is not zero, but less than a pixel, has none either:
    its figure says it."""
    rows = _chart(Bar("none", (_mark("0"),)), Bar("all", (_mark("5"),)))
    assert drawn(rows, "p").count("<rect") == 1
    assert "0 CNY" in drawn(rows, "p")


def test_every_unmet_or_held_mark_has_a_pattern_besides_its_colour() -> None:
    """Colour alone tells nothing to some."""
    root = ElementTree.fromstring(PICTURES["stacked"])
    kinds = [rect.attrib["class"] for rect in root.iter("rect")]
    assert kinds == ["payable", "declined", "pattern", "held", "pattern", "payable"]


def test_a_day_without_anything_has_a_tick_and_no_column() -> None:
    """And a day with the least that there is has a column of one pixel, on its side of zero."""
    root = ElementTree.fromstring(PICTURES["columns"])
    titles = [rect.findtext("title", "") for rect in root.iter("rect")]
    assert [title.partition(":")[0] for title in titles] == [
        "2026-01-01", "2026-01-03", "2026-01-04", "2026-01-06",
    ]  # fmt: skip
    assert PICTURES["columns"].count('class="tick"') == 6
    assert [rect.attrib["height"] for rect in root.iter("rect")][:2] == ["1", "1"]
    groups = [group.findtext("title") for group in root.iter("g")]
    assert "2026-01-02: 0.00 CNY" in groups


def test_columns_below_zero_hang_from_it() -> None:
    """The greatest and the least say their figure."""
    root = ElementTree.fromstring(PICTURES["columns-below"])
    tops = {
        rect.findtext("title", "")[:10]: (int(rect.attrib["y"]), int(rect.attrib["height"]))
        for rect in root.iter("rect")
    }
    zero = sum(tops["2026-01-03"])
    assert tops["2026-01-01"][0] == tops["2026-01-04"][0] == zero
    peaks = [node.text for node in root.iter("text") if node.attrib["class"] == "peak"]
    assert peaks == ["-2.50 CNY", "7.50 CNY"]


def test_sixty_two_days_fit_and_none_of_their_labels_meet() -> None:
    """Every column is inside of the picture, and so is the figure of the last day."""
    days = [f"2026-{1 + day // 31:02}-{1 + day % 31:02}" for day in range(62)]
    root = ElementTree.fromstring(drawn(_series(*["1"] * 61, "999999999.99", labels=days), "p"))
    rects = [(int(r.attrib["x"]), int(r.attrib["width"])) for r in root.iter("rect")]
    assert len(rects) == 62
    assert all(x + width < WIDTH and width >= 8 for x, width in rects)
    assert all(x + width < after for (x, width), (after, _) in pairwise(rects))
    texts = list(root.iter("text"))
    places = [int(node.attrib["x"]) for node in texts if node.attrib["class"] == "day"]
    assert all(after - place >= 48 for place, after in pairwise(places))
    (peak,) = (node for node in texts if node.attrib["class"] == "peak")
    assert int(peak.attrib["x"]) + len(peak.text or "") * 4 <= WIDTH


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><rect', "a & b", "'x'", "]]>"])
def test_text_cannot_break_out_of_a_picture(text: str) -> None:
    """As a label, a figure, a title or a description."""
    chart = Chart("c", text, text, (Bar(text, (Mark(Decimal(1), text),)),))
    root = ElementTree.fromstring(drawn(chart, "p"))
    assert {node.tag for node in root.iter()} <= {
        *("svg", "title", "desc", "defs", "pattern", "path", "g", "text", "rect"),
    }
    assert any(node.text == text for node in root.iter("text"))


def test_pixels_are_whole_and_half_a_pixel_goes_up() -> None:
    """Worked out from exact decimals, never from floats."""
    scale = spread([Decimal(PLOT * 2)])
    assert (scale.at(Decimal(0)), scale.at(Decimal(1)), scale.at(Decimal(3))) == (0, 1, 2)
    numbers = re.findall(r'\b(?:x|y|width|height)="([^"]*)"', PICTURES["stacked"])
    assert all(re.fullmatch(r"-?[0-9]+", number) for number in numbers)


def test_below_zero_a_bar_ends_at_zero() -> None:
    """The scale holds zero and all values."""
    root = ElementTree.fromstring(PICTURES["waterfall"])
    rects = {
        rect.find("title").text.partition(":")[0]: rect.attrib  # type: ignore[union-attr]
        for rect in root.iter("rect")
        if rect.attrib["class"] != "pattern"
    }
    left = int(rects["open"]["x"]) + int(rects["open"]["width"])
    assert left == int(rects["issued"]["x"])


@pytest.mark.parametrize("label", ["x" * 99, "P" * 99, "W" * 99, "店" * 99, "1,000.00 " * 9])
def test_a_label_is_shortened_to_its_room(label: str) -> None:
    """By how wide its letters are, and no more than that; a tip shows all of it."""
    picture = drawn(_chart(Bar(label, (_mark("1"),))), "p")
    shown = next(node.text or "" for node in ElementTree.fromstring(picture).iter("text"))
    assert shown.endswith("…")
    room = LABELS - GAP - 2
    assert room - 13 < pixels(shown) <= room
    assert f"<g><title>{label}</title>" in picture


def test_a_figure_keeps_every_digit_in_whatever_room_there_is() -> None:
    """Drawn closer together instead of beyond the edge of the picture."""
    long = "balance 13,500,000.00, required 15,000,000.00"
    chart = _chart(Bar("a", (Mark(Decimal(9), long),)), Bar("b", (_mark("9"),)))
    wide, short = [
        node.attrib
        for node in ElementTree.fromstring(drawn(chart, "p")).iter("text")
        if node.attrib["class"] == "figure"
    ]
    assert int(wide["x"]) + int(wide["textLength"]) == 920
    assert "textLength" not in short
