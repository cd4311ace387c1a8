"""`statement -o FILE.html`: a payee's statement that can be sent."""

import base64
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.programs.words import words
from projections.pages.voice import labels
from tests.cli.test_close_report import Checked

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
LETTERHEAD = 'name = "Acme 平台"\naddress = ["12 Harbour Road", "<b>Shanghai</b>"]\n'


def _page(duebook: Duebook, *words_: str) -> str:
    ran = duebook("statement", *words_, "-o", "s.html", "--overwrite")
    assert ran.code == 0, ran.err
    return Path("s.html").read_text(encoding="utf-8")


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_it_says_what_the_statement_says_and_whose_it_is(busy: Path, duebook: Duebook) -> None:
    """The recorded name, each line, the adjustment, the payment with its bank day, what is open."""
    text = _text(_page(duebook, "P-01"))
    answer = duebook("statement", "P-01", "--format", "json").json
    assert "杭州蓝门跨境电商服务有限公司, partner:P-01" in text
    for line in answer["lines"]:
        assert f"{line['subject']} {line['outcome']}" in text
    (row,) = answer["statements"]
    for flow in ("issued", "adjusted", "due", "paid", "open"):
        assert f"{labels('en')[flow]} {float(row[flow]):,.2f} CNY" in text
    (paid,) = answer["payments"]
    assert f"{paid['ref']} {float(paid['amount']):,.2f}" in text
    digest = answer["fingerprint"]["sha256"]
    assert digest in text.replace(" ", "")


@pytest.mark.parametrize("payee", ["P-01", "P-02", "P-03", "P-04", "P-05"])
def test_it_says_nothing_of_other_payees(payee: str, busy: Path, duebook: Duebook) -> None:
    """Neither their names nor their stores, nor a file, an account or a host of ours; also where
    a line is declined because of somebody else's store."""
    page = _page(duebook, payee)
    every = duebook("statement", PROGRAM, "--format", "json").json
    names = {line["subject"].partition(":")[2]: line["payee"] for line in every["lines"]}
    others = {name for name, own in names.items() if own != f"partner:{payee}"}
    assert len(others) > 20
    assert not [name for name in others if re.search(rf"\b{name}\b", page)]
    assert set(re.findall(r"partner:P-[0-9]+|\bP-0[0-9]\b", page)) <= {f"partner:{payee}", payee}
    assert not re.search(r"\.ndjson|\.csv", page)
    actor = every["seal"]["actor"]
    assert not any(str(value) in _text(page) for value in actor.values() if len(str(value)) > 4)


def test_reasons_are_put_in_words_in_both_languages(busy: Path, duebook: Duebook) -> None:
    """No code is left; one language alone is the default."""
    plain = _page(duebook, "P-01")
    Path("letterhead.toml").write_text('languages = ["zh", "en"]\n', encoding="utf-8")
    both = _page(duebook, "P-01")
    answer = duebook("statement", "P-01", "--format", "json").json
    codes = {code for line in answer["lines"] for code in (*line["unmet"], *line["held_for"])}
    assert codes
    for code in codes:
        assert words("en")[code] in html.unescape(plain)
        assert words("zh")[code] not in plain
        assert f"{words('zh')[code]} / {words('en')[code]}" in html.unescape(both)
        assert "_" not in code or code not in plain
    assert '<html lang="zh">' in both


def test_every_label_is_there_in_every_language() -> None:
    """And none is empty."""
    assert list(labels("en")) == list(labels("zh"))
    assert all(labels("en").values())
    assert all(labels("zh").values())


def test_the_letterhead_stands_at_its_head(busy: Path, duebook: Duebook) -> None:
    """Next to the book, or named; with a logo that the page holds itself."""
    Path("letterhead.toml").write_text(LETTERHEAD, encoding="utf-8")
    Path("logo.png").write_bytes(PIXEL)
    Path("other.toml").write_text('name = "Other"\nlogo = "logo.png"\n', encoding="utf-8")
    page = _page(duebook, "P-01")
    assert "Acme 平台" in page
    assert "&lt;b&gt;Shanghai&lt;/b&gt;" in page
    other = _page(duebook, "P-01", "--letterhead", "other.toml")
    assert "Acme" not in other
    assert f'src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}"' in other
    assert "img-src data:" in other
    Checked(other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nam = "Acme"\n', "nam"),
        ("name = \n", "not TOML"),
        ('logo = "letterhead.toml"\n', "is not a picture"),
        ('logo = "none.png"\n', "cannot be read"),
        ('languages = ["fr"]\n', "languages"),
    ],
)
def test_a_letterhead_that_is_wrong_is_refused(
    text: str, said: str, busy: Path, duebook: Duebook
) -> None:
    """With what is wrong; nothing is written."""
    Path("letterhead.toml").write_text(text, encoding="utf-8")
    ran = duebook("statement", "P-01", "-o", "s.html")
    assert ran.code == 2
    assert said in ran.err
    assert not Path("s.html").exists()
    missing = duebook("statement", "P-01", "-o", "s.html", "--letterhead", "none.toml")
    assert missing.code == 2
    assert "none.toml cannot be read" in missing.err


SECRET = b"root:x:0:0:root:/root:/bin/sh\n"
DRAWN = b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.mark.parametrize("form", ["html", "pdf", "xlsx"])
@pytest.mark.parametrize("name", ["logo.png", "logo.jpg", "logo.jpeg", "logo.svg"])
def test_what_is_no_picture_is_sent_to_nobody(
    name: str, form: str, busy: Path, duebook: Duebook
) -> None:
    """Whatever its name says: a page would hold all of the file, a link's target too."""
    Path("secret").write_bytes(SECRET)
    Path(name).symlink_to("secret")
    Path("letterhead.toml").write_text(f'logo = "{name}"\n', encoding="utf-8")
    ran = duebook("statement", "P-01", "-o", f"s.{form}")
    assert ran.code == 2
    assert f"{name} is not a picture: its content is not what its name says" in ran.err
    assert not Path(f"s.{form}").exists()


def test_a_drawing_is_a_logo_and_runs_nothing(busy: Path, duebook: Duebook) -> None:
    """It is shown as a picture, where no script runs and nothing is loaded: whatever it holds is
    within the address of the picture, and no element of the page."""
    drawing = DRAWN.replace(b"/>", b" onload='alert(1)'><script>alert(2)</script></svg>")
    for content in (DRAWN, drawing):
        Path("logo.svg").write_bytes(content)
        Path("letterhead.toml").write_text('logo = "logo.svg"\n', encoding="utf-8")
        page = _page(duebook, "P-01")
        coded = base64.b64encode(content).decode()
        assert f'<img class="logo" src="data:image/svg+xml;base64,{coded}"' in page
        assert not {"svg", "script"} & {tag for tag, _ in Checked(page).tags}


def test_all_statements_are_written_as_pages(busy: Path, duebook: Duebook) -> None:
    """Each of its own payee; a page of several is refused."""
    ran = duebook("statement", "--all", "-o", "pages", "--format", "html")
    assert ran.code == 0, ran.err
    pages = sorted(Path("pages").iterdir())
    assert len(pages) == len(duebook("report", "statements", "--format", "json").json)
    for path in pages:
        payee = path.stem.rpartition(",")[2].replace("=", ":")
        text = path.read_text(encoding="utf-8")
        Checked(text)
        assert payee in text
    assert duebook("statement", PROGRAM, "-o", "s.html").code == 2


def test_the_same_statement_has_the_same_bytes(busy: Path, duebook: Duebook) -> None:
    """Also when more was recorded since: it is asked at its own clocks."""
    asked = ("P-01", "--known-at", "1690")
    first = _page(duebook, *asked)
    Path("f.ndjson").write_text(
        '{"type": "StoreSuspended", "at": "2026-10-30T10:00:00+08:00", "store": "S-1004"}\n',
        encoding="utf-8",
    )
    assert duebook("record", "f.ndjson").code == 0
    assert _page(duebook, *asked) == first


@pytest.mark.parametrize("as_of", [(), ("--as-of", "2027-01-01")])
def test_the_command_that_it_names_shows_the_same_statement(
    busy: Path, duebook: Duebook, as_of: tuple[str, ...]
) -> None:
    """Its amounts and its fingerprint, at its own position of the log, also later."""
    page = _page(duebook, "P-01", *as_of)
    named = re.search(r"<code>duebook (statement .*?)</code>", page)
    assert named is not None
    Path("f.ndjson").write_text(
        '{"type": "StoreSuspended", "at": "2026-10-30T10:00:00+08:00", "store": "S-1004"}\n',
        encoding="utf-8",
    )
    assert duebook("record", "f.ndjson").code == 0
    _, statement, *clocks = html.unescape(named[1]).split()
    assert _page(duebook, statement, *clocks) == page
