"""Ids as names of files."""

import hashlib
from collections import Counter
from collections.abc import Sequence

NAME_MAX = 200
"""File systems allow 255 bytes; a longer name is cut and gets the beginning of its digest."""


def file_names(ids: Sequence[str]) -> list[str]:
    """File names for ids: `/` becomes `,` and `:` becomes `=`. Names that differ only in case, and
    those that are too long, get 8 digits of the id's digest."""
    plain = [id_.replace("/", ",").replace(":", "=") for id_ in ids]
    folded = Counter(name.casefold() for name in plain)
    names = []
    for name, id_ in zip(plain, ids, strict=True):
        long = len(name.encode()) > NAME_MAX
        if long:
            name = name.encode()[:NAME_MAX].decode(errors="ignore")
        if long or folded[id_.replace("/", ",").replace(":", "=").casefold()] > 1:
            name += "-" + hashlib.sha256(id_.encode()).hexdigest()[:8]
        names.append(name)
    return names
