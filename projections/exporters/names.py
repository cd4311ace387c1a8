"""Account names that Beancount accepts, and back again: no two accounts share a name.

A name is `Kind:Name`, followed by one component for the account's holder, or two where that is a
party: `Liabilities:Payable:Partner:P-01`.

- ASCII letters and digits stay as they are, and so do the common Chinese characters.
- A hyphen between two of these stays; so `--` never comes from an id and can introduce escapes:
- `--u` is an underscore, `--d` a point, `--h` any other hyphen, `--x5317z` the character with
  that code point in hexadecimal.
- A component that would begin with anything but an ASCII capital or digit gets `X--l` before it.
- A party's role is written with a capital, `Partner`; it is lower case in the book.

So `P-01`, `M-7` and `S-1001` stay as they are, `m_7` becomes `X--lm--u7`. Beancount tells
capitals from small letters, and so do these names. Source: `ACC_COMP_NAME_RE` in
`beancount.core.account` (a component begins with a capital or a digit and goes on with letters,
digits and hyphens); hledger's manual, "Account names" (no two blanks in a row).
"""

import re

from ledger.accounting.chart import KINDS, Account

MARKER = "X--l"
_PLAIN = "A-Za-z0-9\u4e00-\u9fa5"
"""What stays; of Chinese, the characters that are letters in every version of Unicode."""
_ESCAPED = re.compile(rf"(?P<kept>(?<=[{_PLAIN}])-(?=[{_PLAIN}]))|[^{_PLAIN}]")
_ESCAPE = re.compile(r"--(?:(?P<tag>[udh])|x(?P<point>[0-9a-f]+)z)")
_TAGS = {"_": "u", ".": "d", "-": "h"}
_CHARACTERS = {tag: character for character, tag in _TAGS.items()}
_MAY_BEGIN = re.compile(r"[A-Z0-9]")
_ROLE = re.compile(r"[a-z]+")
_ROLE_NAME = re.compile(r"[A-Z][a-z]*")


def exported_name(account: Account) -> str:
    """The account's name in Beancount; no other account has it."""
    assert account.kind in KINDS, f"{account.kind!r} is no root of a chart of accounts"
    parts = [account.kind, _component(account.name)]
    role, colon, of = account.of.partition(":")
    if colon:
        parts.append(role.capitalize() if _ROLE.fullmatch(role) else MARKER + _escaped(role))
    else:
        of = role
    if account.of:
        parts.append(_component(of))
    return ":".join(parts)


def exported_account(name: str) -> Account:
    """The account of a name. Raises `ValueError` for a name that no account has."""
    parts = name.split(":")
    if parts[0] not in KINDS or not 2 <= len(parts) <= 4:
        raise ValueError(f"{name!r} is not an account name: no kind, or not 2 to 4 components.")
    of = _read(parts[-1]) if len(parts) > 2 else ""
    if len(parts) == 4:
        named = _ROLE_NAME.fullmatch(parts[2])
        of = f"{parts[2].lower() if named else _read(parts[2])}:{of}"
    account = Account(parts[0], _read(parts[1]), of)
    if exported_name(account) != name:
        raise ValueError(f"{name!r} is not an account name; near: {exported_name(account)!r}.")
    return account


def _component(text: str) -> str:
    escaped = _escaped(text)
    return escaped if _MAY_BEGIN.match(escaped) else MARKER + escaped


def _escaped(text: str) -> str:
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if match["kept"]:
        return character
    return f"--{_TAGS.get(character) or f'x{ord(character):x}z'}"


def _read(component: str) -> str:
    return _ESCAPE.sub(_unescape, component.removeprefix(MARKER))


def _unescape(match: re.Match[str]) -> str:
    if match["tag"]:
        return _CHARACTERS[match["tag"]]
    point = int(match["point"], 16)
    return chr(point) if point <= 0x10FFFF else match[0]
