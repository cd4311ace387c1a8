"""The process that reads a Parquet file and writes it out again, well-formed.

A damaged part may end it: only this reading ends with it. Type by type and row by row the copy is
what the file says.
"""

import json
import sys

from ledger.kernel.duck import PLAIN, literal, whole


def main(given: str, copy: str, spill: str, memory: str) -> None:
    """Writes the copy, and a line of JSON: what DuckDB says of a file that it cannot read."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):  # where there is no such bound
        pass
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": spill,
        "preserve_insertion_order": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    database = duckdb.connect(":memory:", config=config)
    database.execute("SET TimeZone = 'UTC'")
    try:
        read, wrote = (f"read_parquet({literal(whole(path))}, {PLAIN})" for path in (given, copy))
        database.execute(
            f"COPY (SELECT * FROM {read}) TO {literal(copy)} (FORMAT parquet, COMPRESSION snappy)"
        )
        described = [
            [row[:2] for row in database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            for source in (read, wrote)
        ]
    except duckdb.Error as error:
        print(json.dumps({"error": str(error)}))
        return
    if described[0] != described[1]:
        differing = next(pair for pair in zip(*described, strict=True) if pair[0] != pair[1])
        print(json.dumps({"type": differing[0]}))
        return
    print("{}")


if __name__ == "__main__":
    main(*sys.argv[1:5])
