"""What axe-core cannot judge: text in pictures, by the colours that Chromium computes."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from ledger.programs.chart import Bar, Chart, Mark
from projections.pages.rendering import _source
from projections.pictures.svg import drawn
from tests.browser.conftest import REPORTS, Look
from tests.browser.opened import Opened
from tests.cli.test_close_report import _contrast
from tests.marks import more

pytestmark = more
TEXTS = """
() => {
  const hex = colour => '#' + colour.match(/\\d+/g).slice(0, 3)
    .map(part => (+part).toString(16).padStart(2, '0')).join('');
  const painted = colour => /^rgb\\(/.test(colour);
  const page = hex(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll('svg.picture text')].map(text => {
    const own = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
    const beneath = [...text.ownerSVGElement.querySelectorAll('rect')].filter(mark => {
      const box = mark.getBoundingClientRect();
      return mark.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING
        && box.right > own.left && box.left < own.right
        && box.bottom > own.top && box.top < own.bottom
        && painted(getComputedStyle(mark).fill);
    });
    const top = beneath.at(-1);
    return {
      text: text.textContent, fill: hex(getComputedStyle(text).fill),
      behind: top ? hex(getComputedStyle(top).fill) : page,
      whole: own.left >= all.left - 1 && own.right <= all.right + 1,
    };
  });
}
"""
"""Each text with its colour, that of the mark beneath it, else of the page, and whether it lies
within its picture."""


def pale(opened: Opened) -> list[str]:
    """The texts with less contrast than 4.5 to 1, with both colours."""
    return [
        f"{text['text']}: {text['fill']} on {text['behind']}"
        for text in opened.page.evaluate(TEXTS)
        if _contrast(text["fill"], text["behind"]) < 4.5
    ]


def pictured(report_of: Callable[[str], Path]) -> list[Path]:
    """The reports that have pictures."""
    paths = [report_of(program) for program in REPORTS]
    drawn = [path for path in paths if "<svg" in path.read_text(encoding="utf-8")]
    assert len(drawn) >= 7
    return drawn


def test_text_in_pictures_can_be_read_on_what_lies_beneath_it(
    report_of: Callable[[str], Path], look: Look
) -> None:
    """In the light, in the dark, and on paper, which is white in the dark too."""
    for path in pictured(report_of):
        page = (opened := look(path)).page
        assert pale(opened) == []
        page.emulate_media(color_scheme="dark")
        assert pale(opened) == []
        assert "#ffffff" not in {text["behind"] for text in page.evaluate(TEXTS)}
        page.emulate_media(media="print")
        assert pale(opened) == []
        assert {text["behind"] for text in page.evaluate(TEXTS)} == {"#ffffff"}


def test_pale_text_in_a_picture_is_noticed(report_of: Callable[[str], Path], look: Look) -> None:
    """Also on a bar that is drawn beneath it."""
    opened = look(report_of("recruiting-eu-jp-2026q1"))
    opened.page.evaluate(
        "document.querySelectorAll('svg .figure').forEach(text => { text.style.fill = '#aaaaaa' })"
    )
    assert pale(opened)


def test_no_text_is_cut_off_by_the_edge_of_its_picture(
    report_of: Callable[[str], Path], look: Look
) -> None:
    """Neither labels on the left nor figures on the right; a phone shows the same, scaled."""
    for path in pictured(report_of):
        texts = look(path).page.evaluate(TEXTS)
        assert [text["text"] for text in texts if not text["whole"]] == []


def test_neither_wide_letters_nor_large_amounts_leave_their_picture(
    look: Look, tmp_path: Path
) -> None:
    """Labels are shortened and figures set closer by widths that are estimated; here they are
    measured."""
    labels = ["x" * 99, "P" * 99, "W" * 99, "店" * 99, "partner:伙PxW-1" * 9]
    figure = "balance 13,500,000.00, required 15,000,000.00"
    bars = tuple(Bar(label, (Mark(Decimal(1), figure),)) for label in labels)
    path = tmp_path / "picture.html"
    path.write_text(
        f"<meta charset=utf-8><style>{_source('style.css')}</style>"
        + drawn(Chart("c", "A title", "What it shows.", bars), "p"),
        encoding="utf-8",
    )
    texts = look(path).page.evaluate(TEXTS)
    assert len(texts) == 2 * len(labels)
    assert [text["text"] for text in texts if not text["whole"]] == []
