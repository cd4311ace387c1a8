"""A book in which all that somebody could name has a name that means something to a browser."""

import json
from pathlib import Path
from unicodedata import normalize

from tests.browser.commands import ran
from tests.quarter import PROGRAM, certified, closure, store

SCRIPT = "<script>alert(1)</script>"
PILE = "\u0301\u0327\u0353" * 60
"""Marks above, below and through the letter before them."""
NAMES = {
    "P-1": SCRIPT,
    "P-2": "=1+1",
    "שותף-3": "\u202eמשרד שותפים",
    "P" * 64: "X" * 200,
    "伙" * 64: "张" * 200,
    "P-6": normalize("NFC", "\u2067Z" + PILE + '\u2069 \ufeff\u2028,"=1+1"\t</td>'),
}
"""Partners with their names: a script, a formula, right to left and turned round, without a blank,
Chinese, a pile of marks on one letter beside what no one sees. Ids are of letters, digits, dots and
dashes of any script, 64 at most."""
STORES = ["S-1", "S-2", "חנות-3", "S" * 64, "店" * 64, "S-5"]
FILE = "<img src=x onerror=alert(2)>.ndjson"


def hostile_book(folder: Path) -> Path:
    """A closed quarter with these names, also of its file, of who closed it, and why."""
    book = ("--book", folder / "duebook.db")
    ran("init", *book)
    facts = []
    for number, (partner, own) in enumerate(zip(NAMES, STORES, strict=True)):
        text = json.dumps(
            [{**certified(partner)[0], "name": NAMES[partner]}, *store(number, partner)]
        )
        facts += json.loads(text.replace(f'"S-{number}"', json.dumps(own)))
    facts += [closure(STORES[-1], "counterfeit"), *store(6, partner)]
    path = folder / FILE
    path.write_text("".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8")
    ran("record", path, *book)
    why = ("--leave-open", "--reason", SCRIPT + "Y" * 200 + ',"=1+1"\t</td></table>')
    ran("close", PROGRAM, "--as-of", "2026-06-30", *why, "--by", SCRIPT, *book)
    pay = ("--amount", "2000", "--currency", "CNY", "--ref", SCRIPT + "Z" * 200, "--by", "lin")
    ran("pay", "P-1", *pay, *book)
    return folder / "duebook.db"
