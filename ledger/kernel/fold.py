"""Headers and names of sheets as they are compared."""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def fold(header: str) -> str:
    """A header without what people do not see: width, case, blanks, `_` and `-`."""
    text = unicodedata.normalize("NFKC", header).casefold().replace("\ufeff", "")
    text = "".join(" " if c in "_-" else c for c in unicodedata.normalize("NFKC", text))
    return " ".join(text.split())


def fold_signs(header: str) -> str:
    """A header folded further: `Order\\Adjustment  Id ` is `Order/adjustment ID`, and no blank
    stands beside a slash or a bracket."""
    return re.sub(r" ?([/()]) ?", r"\1", fold(header).replace("\\", "/"))
