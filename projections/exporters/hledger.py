"""The journal as an hledger file, which `hledger check --strict` accepts."""

import re
from collections.abc import Iterable, Iterator

from ledger.accounting.chart import CASH, Account
from ledger.accounting.entry import Entry
from projections.exporters.declared import Declared

_TYPES = {"Assets": "A", "Liabilities": "L", "Income": "R", "Expenses": "X"}
_SPECIAL = re.compile(r"[\\;\x00-\x1f\x7f\x85\u2028\u2029]")
"""Characters that end a description or a line; hledger itself has no escapes."""
_PLAIN_CODE = re.compile(r"[A-Za-z]+")


def lines(entries: Iterable[Entry], title: str) -> Iterator[str]:
    r"""Entries as transactions in the order in which they come, then the declarations.

    The number becomes the code; `what`, `statement` and `line` are tags. After the last entry
    every commodity is declared with its decimals, and every account with its type and the
    holder's `id` as the book writes it. A commodity code with anything but letters is quoted:
    `"USD.AD"`. hledger has no escapes: a character that would end a description is written as
    `\u003b`, a comma in a tag as `\u002c`, a backslash twice. Accounts keep the names they have
    in the book: no id contains anything that hledger would misread. Entries are streamed, not
    kept in memory.
    """
    yield f"; {_one_line(title)}"
    yield "decimal-mark ."
    yield ""
    declared = Declared(lambda account: account.text)
    codes: dict[str, str] = {}
    for entry in entries:
        yield f"{entry.date} * ({_one_line(entry.number)}) {_one_line(entry.narration)}".rstrip()
        yield f"    ; what:{_tag(entry.what)}"
        yield f"    ; statement:{_tag(entry.statement)}"
        if entry.line:
            yield f"    ; line:{_tag(entry.line)}"
        for posting in entry.postings:
            code = posting.amount.currency
            shown = codes.get(code) or codes.setdefault(code, _commodity(code))
            yield f"    {declared.name(posting, entry.date)}  {posting.amount.text} {shown}"
        yield ""
    for code, decimals, _ in declared.commodities():
        yield f"commodity 1000.{'0' * decimals} {_commodity(code)}"
    for name, account, _ in declared.accounts():
        of = f", id:{_tag(account.of)}" if account.of else ""
        yield f"account {name}  ; type:{_type(account)}{of}"


def _type(account: Account) -> str:
    """hledger's letter for the kind; cash has one of its own, which `hledger cashflow` needs."""
    if account.kind == "Assets" and account.name == CASH:
        return "C"
    return _TYPES[account.kind]


def _commodity(code: str) -> str:
    return code if _PLAIN_CODE.fullmatch(code) else f'"{code}"'


def _tag(text: str) -> str:
    """A text as a tag's value, which would end at a comma."""
    return _one_line(text).replace(",", "\\u002c")


def _one_line(text: str) -> str:
    return _SPECIAL.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    return "\\\\" if match[0] == "\\" else f"\\u{ord(match[0]):04x}"
