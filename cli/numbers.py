"""Numbers as people type them: whole ones and seconds, refused in words."""

import re
from typing import Any

import click

WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
MINUS = re.compile(r"-[0-9.,]+", re.ASCII)
POSITION_IS = "a position of the log is a whole number from {least} on, as duebook log shows it"
COUNT_IS = "a whole number from {least} on is expected"


class Whole(click.ParamType[Any]):
    """A whole number from `least` to `most`."""

    name = "number"

    def __init__(self, least: int, said: str = COUNT_IS, most: int = 10**18 - 1) -> None:
        self.least, self.most = least, most
        self.said = said.format(least=least)

    def convert(self, value: Any, parameter: Any, context: Any) -> int:
        if isinstance(value, int):
            return value
        text = str(value)
        number = int(text) if WHOLE.fullmatch(text) else None
        if number is None or number < self.least:
            self.fail(f"found {text!r}; {self.said}.", parameter, context)
        if number > self.most:
            self.fail(f"found {text!r}; {self.most:,} is the most.", parameter, context)
        return number


class Seconds(click.ParamType[Any]):
    """A time in seconds, with or without decimals."""

    name = "seconds"

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, parameter: Any, context: Any) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1
        if not self.least <= seconds <= self.most:
            said = f"{self.least:g} to {self.most:,g} seconds are expected"
            self.fail(f"found {str(value)!r}; {said}.", parameter, context)
        return seconds


POSITION = Whole(1, POSITION_IS)
AFTER = Whole(0, POSITION_IS)
COUNT = Whole(1)


class NumberFirst(click.Command):
    """A command whose first argument is a number: a negative one is not taken for an option."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        options = {opt for parameter in self.params for opt in parameter.opts if opt[:1] == "-"}
        for at, text in enumerate(args):
            before = args[at - 1] if at else ""
            if MINUS.fullmatch(text) and before not in options:
                number = next(param for param in self.params if isinstance(param, click.Argument))
                number.type.fail(f"found {text!r}; {POSITION.said}.", number, context)
        return super().parse_args(context, args)


class _Zone(click.ParamType[Any]):
    """The name of a time zone."""

    name = "zone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from zoneinfo import available_timezones

        from ledger.kernel.near import did_you_mean
        from ledger.kernel.zones import is_zone

        if is_zone(value):
            return value
        meant = did_you_mean(
            value,
            (zone for zone in available_timezones() if "/" in zone),
        )
        self.fail(
            f"{value!r} is not a time zone. {meant}Name a place, as in Asia/Shanghai, or UTC.",
            param,
            ctx,
        )


ZONE = _Zone()
