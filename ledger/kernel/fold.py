"""Column headers and sheet names in the form in which they are compared."""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def fold(header: str) -> str:
    """A header without differences that people overlook: width, case, blanks, `_` and `-`."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("\ufeff", "")
    text = "".join(" " if c in "_-" else c for c in unicodedata.normalize("NFKC", text))
    return " ".join(text.split())


def fold_signs(header: str) -> str:
    """A header folded further: `Order\\Adjustment  Id ` is `Order/adjustment ID`, and blanks next
    to a slash or a bracket are dropped."""
    return re.sub(r" ?([/()]) ?", r"\1", fold(header).replace("\\", "/"))
