"""Names that somebody who typed another may have meant, and lists that say when they are cut."""

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches

CUTOFF = 0.75
"""How alike two names are of which one may have been meant for the other."""
LISTED_MAX = 10


def near(typed: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that are most like what was typed, the likeliest first.

    One that differs in the case of its letters alone is the only one; else those that it ends or
    begins, and those that are much alike.
    """
    folded = {name.casefold(): name for name in sorted(set(names), reverse=True)}
    said = typed.casefold().strip()
    if not said:
        return []
    if said in folded:
        return [folded[said]]
    ends = [name for name in folded if name.endswith((f":{said}", f"/{said}"))]
    begins = {name[: len(said)]: name for name in folded if len(said) > 3}
    alike = get_close_matches(said, folded, n=most, cutoff=CUTOFF)
    alike.sort(key=lambda name: (-SequenceMatcher(None, name, said).ratio(), name))
    alike += [begins[name] for name in get_close_matches(said, begins, n=most, cutoff=0.85)]
    return [folded[name] for name in dict.fromkeys([*sorted(ends), *alike])][:most]


def did_you_mean(typed: str, names: Iterable[str], most: int = 3) -> str:
    """The question that a hint opens with, with a blank after it; nothing where no name is near."""
    meant = near(typed, names, most)
    if not meant:
        return ""
    told = f"Did you mean {' or '.join(meant)}?"
    if meant[0].casefold() == typed.casefold().strip():
        told += " Capital and small letters differ."
    return f"{told} "


def listed(names: Collection[str], most: int = LISTED_MAX) -> str:
    """Names with commas between them; of more than `most` the first, and how many more."""
    shown = ", ".join(list(names)[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
