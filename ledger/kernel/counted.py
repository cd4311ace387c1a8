"""Numbers as people read them: with their noun (`1 line`, `2 lines`), thousands apart."""


def counted(number: int, noun: str) -> str:
    """The number, thousands apart, and the noun in singular or plural."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"


def grouped(amount: str) -> str:
    """Separates thousands: 1234567.80 as 1,234,567.80."""
    whole, point, decimals = amount.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{point}{decimals}"
