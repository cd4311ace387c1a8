"""Names that were probably meant by a mistyped one, and lists that say how much they leave out."""

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches

CUTOFF = 0.75
"""The least similarity at which one name may have been meant by the other."""
LISTED_MAX = 10


def near(typed: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The at most `most` names closest to what was typed, the likeliest first.

    A name that differs in case alone is the only answer; otherwise names that end or begin with
    what was typed, and similar ones.
    """
    folded = {name.casefold(): name for name in sorted(set(names), reverse=True)}
    wanted = typed.casefold().strip()
    if not wanted:
        return []
    if wanted in folded:
        return [folded[wanted]]
    ends = [name for name in folded if name.endswith((f":{wanted}", f"/{wanted}"))]
    begins = {name[: len(wanted)]: name for name in folded if len(wanted) > 3}
    alike = get_close_matches(wanted, folded, n=most, cutoff=CUTOFF)
    alike.sort(key=lambda name: (-SequenceMatcher(None, name, wanted).ratio(), name))
    alike += [begins[name] for name in get_close_matches(wanted, begins, n=most, cutoff=0.85)]
    return [folded[name] for name in dict.fromkeys([*sorted(ends), *alike])][:most]


def did_you_mean(typed: str, names: Iterable[str], most: int = 3) -> str:
    """A question to open a hint with, and a blank after it; empty where no name is near."""
    meant = near(typed, names, most)
    if not meant:
        return ""
    question = f"Did you mean {' or '.join(meant)}?"
    if meant[0].casefold() == typed.casefold().strip():
        question += " Capital and small letters differ."
    return f"{question} "


def listed(names: Collection[str], most: int = LISTED_MAX) -> str:
    """Names joined with commas; beyond `most`, the first ones and how many more there are."""
    shown = ", ".join(list(names)[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
