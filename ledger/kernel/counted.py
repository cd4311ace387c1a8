"""A number with its noun: `1 line`, `2 lines`, `12,345 statements`."""


def counted(number: int, noun: str) -> str:
    """The number, thousands apart, and the noun in singular or plural."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"
