"""Headers and names of sheets as they are compared."""

import unicodedata


def fold(header: str) -> str:
    """A header without what people do not see: width, case, blanks, `_` and `-`."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("\ufeff", "")
    text = "".join(" " if c in "_-" else c for c in unicodedata.normalize("NFKC", text))
    return " ".join(text.split())
