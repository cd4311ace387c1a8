"""The pictures of the documentation are what the product draws, and load nothing."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.documented import PAGES, ROOT
from tests.golden_files import same_as
from tests.pictures.documented import CHARTS, FOLDER, TERMINALS, pictures
from tests.pictures.standalone import chart, terminal

KIB = 1024
LARGEST = 24 * KIB


def test_a_picture_of_the_documentation_is_what_is_drawn_now(busy: Path) -> None:
    """To the byte; `make pictures` draws them anew, to be looked at before they are kept."""
    drawn = pictures()
    for name, text in drawn.items():
        same_as(FOLDER / name, text)
    assert {path.name for path in FOLDER.iterdir()} == set(drawn)


@pytest.mark.parametrize("name", [*CHARTS, *TERMINALS])
def test_a_picture_stands_alone(name: str) -> None:
    """It is small, has a title, its colours inside, and neither script nor address."""
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert len(text.encode()) < LARGEST
    assert any(node.tag.endswith("title") and node.text for node in root)
    assert "var(" not in text
    assert "@font-face" not in text
    assert "<script" not in text
    addresses = set(re.findall(r"[a-z]+://[^\"']+", text)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert re.findall(r"url\((?!#)", text) == []


def test_every_picture_is_shown_somewhere_with_a_text_for_those_who_cannot_see_it() -> None:
    """And no page shows one that is not there."""
    shown = set()
    for page in PAGES:
        for alt, address in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", page.read_text("utf-8")):
            assert len(alt) > 20, f"{page.name}: {address}"
            shown.add((page.parent / address).resolve())
    assert shown == {path.resolve() for path in FOLDER.iterdir()}


def test_a_chart_alone_has_the_colours_of_light_and_dark() -> None:
    """Those of the report, on a ground of its own."""
    svg = '<svg class="picture" viewBox="0 0 9 9">\n<desc>x</desc>\n<rect class="held"/>\n</svg>'
    light, dark = chart(svg).split("@media (prefers-color-scheme: dark)")
    assert ".held { fill: #8a6100; }" in light
    assert ".ground { fill: #ffffff; }" in light
    assert ".held { fill: #e0b04a; }" in dark
    assert ".ground { fill: #14181d; }" in dark


def test_a_terminal_keeps_places_and_colours_and_loses_what_moved_the_cursor() -> None:
    """A wide character takes two cells, a bar is drawn, and text cannot break out."""
    written = "50%\r\x1b[2K\x1b[1ma\x1b[0m  \x1b[31m-1.00\x1b[0m  跨 █▌ <b>\r\n"
    root = ElementTree.fromstring(terminal("duebook x", written))
    svg = "{http://www.w3.org/2000/svg}"
    texts = {node.text: (node.attrib["x"], node.get("class")) for node in root.iter(f"{svg}text")}
    assert texts == {
        "$ duebook x": ("14", "bold"),
        "a": ("14", "bold"),
        "-1.00": ("38", "declined"),
        "跨": ("94", None),
        "<b>": ("142", None),
    }
    bars = [node.attrib for node in root.iter(f"{svg}rect") if node.get("class") == "bar"]
    assert [(one["x"], one["width"]) for one in bars] == [("118", "12")]


def test_pictures_lie_in_the_folder_that_the_documentation_names() -> None:
    """Beside the pages."""
    assert FOLDER == ROOT / "docs" / "pictures"
