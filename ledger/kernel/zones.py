"""Names of time zones as they may be given: of a place, so that summer time is known."""

from zoneinfo import ZoneInfo


def is_zone(name: str) -> bool:
    """Whether a name is `UTC` or one such as `Asia/Shanghai`; abbreviations of two places are
    none."""
    if "/" not in name and name != "UTC":
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
