"""`python -m benchmarks`: our figures beside their references, and whether the goals are met.

python -m benchmarks --quick                a smoke run: small numbers, meaningless ratios
python -m benchmarks                        about five minutes on two cores
python -m benchmarks --only read,states --runs 5
python -m benchmarks --only million --million
"""

import argparse
import sys
import traceback
from collections.abc import Callable, Iterator

from benchmarks import (
    affiliates,
    closing,
    commands,
    corrections,
    fees,
    journals,
    looking,
    on_spark,
    order_days,
    packages,
    parties,
    quarters,
    reading,
    settling,
    whole,
    writing,
)
from benchmarks.measure import Figure, machine, table, tell
from benchmarks.workshop import Workshop

Group = Callable[[Workshop, set[str]], Iterator[Figure]]
GROUPS: list[tuple[tuple[str, ...], Group]] = [
    (("record", "raw"), writing.figures),
    (("whole",), whole.figures),
    (("states",), reading.states),
    (("read", "gmv"), reading.log),
    (("settle",), settling.settle),
    (("bare",), settling.bare),
    (("jobs",), settling.jobs),
    (("million",), settling.million),
    (("postgres",), writing.postgres),
    (("commands",), commands.figures),
    (("replay",), closing.replay),
    (("explain",), closing.explained),
    (("package",), packages.figures),
    (("eleventh",), quarters.recruiting),
    (("eleventh-growth",), quarters.growth),
    (("corrections",), corrections.figures),
    (("deposits", "agreements"), parties.figures),
    (("balances",), journals.balances),
    (("orders", "fees", "reconcile-orders", "thirteenth"), fees.figures),
    (("growth-orders", "explain-orders"), order_days.figures),
    (("report", "page", "first-page"), looking.figures),
    (("affiliate", "reconcile-affiliate"), affiliates.figures),
    (("spark",), on_spark.figures),
]
NAMES = [name for names, _ in GROUPS for name in names]


def main() -> int:
    """Measures what was asked for; returns 1 if a goal is not met."""
    options = parsed()
    shop = Workshop(options.facts, options.stores, options.runs, options.repeats)
    figures: list[Figure] = []
    try:
        for names, group in GROUPS:
            if wanted := options.wanted & set(names):
                figures += taken(group, shop, wanted)
    finally:
        tell("")
        shop.remove()
    print(machine())
    print(
        f"{options.facts:,} facts of {options.stores:,} stores; medians of {options.runs} runs, "
        "ours and reference in turns"
    )
    print()
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


def taken(group: Group, shop: Workshop, wanted: set[str]) -> list[Figure]:
    """A group's figures; a group that fails counts as a goal not met, and the others still run."""
    try:
        return list(group(shop, wanted))
    except Exception as error:
        traceback.print_exc()
        name = ",".join(sorted(wanted))
        return [Figure(name, "-", "-", None, "-", False, f"failed: {type(error).__name__}")]


def parsed() -> argparse.Namespace:
    """The options, adapted to `--quick`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--facts", type=int, default=200_000, help="how many (200000)")
    parser.add_argument("--stores", type=int, default=20_000, help="of how many stores (20000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (3)")
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--million", action="store_true", help="also record a million facts")
    parser.add_argument("--quick", action="store_true", help="a smoke run with small numbers")
    options = parser.parse_args()
    options.repeats = 15
    if options.quick:
        options.facts, options.stores, options.runs, options.repeats = 5_000, 400, 1, 3
    asked = options.only.split(",") if options.only else NAMES
    if unknown := set(asked) - set(NAMES):
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    options.wanted = set(asked)
    if not options.million:
        options.wanted.discard("million")
    if options.only is None:
        options.wanted -= {"jobs", "spark"}  # two million facts first; Java
    return options


if __name__ == "__main__":
    sys.exit(main())
