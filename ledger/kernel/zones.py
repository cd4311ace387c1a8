"""Names of time zones that are accepted: those of a place, so that summer time is known."""

from zoneinfo import ZoneInfo


def is_zone(name: str) -> bool:
    """Whether a name is `UTC` or a place such as `Asia/Shanghai`; abbreviations, which can mean
    several zones, are not accepted."""
    if "/" not in name and name != "UTC":
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
