"""The process that reads a workbook from its standard input and writes its cells out as JSON.

It may run out of memory or be ended by its library: only this reading ends with it.
"""

import io
import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any


def main(sheet: str, memory: int) -> None:
    """Writes a line that says how it went, then a line for every row of the sheet; without a sheet
    the names of all."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):  # where there is no such bound
        pass
    from python_calamine import CalamineError, CalamineWorkbook

    from ledger.intake.tables.workbook_cells import without_value
    from ledger.kernel.fold import fold

    out = sys.stdout
    raw = sys.stdin.buffer.read()
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as workbook:
            if not sheet:
                out.write(json.dumps({"sheets": workbook.sheet_names, "alike": 0}) + "\n")
                return
            names = [
                sheet_name for sheet_name in workbook.sheet_names if fold(sheet_name) == fold(sheet)
            ]
            if len(names) != 1:
                out.write(json.dumps({"sheets": workbook.sheet_names, "alike": len(names)}) + "\n")
                return
            silent = without_value(raw, names[0])
            rows = workbook.get_sheet_by_name(names[0]).iter_rows()
            out.write("{}\n")
            by_row: dict[int, dict[int, str]] = {}
            for (row, column), said in silent.items():
                by_row.setdefault(row, {})[column] = said
            for row, cells in enumerate(rows):
                plain = list(map(_plain, cells))
                for column, said in by_row.get(row, {}).items():
                    plain += [""] * (column + 1 - len(plain))
                    plain[column] = {"unreadable": said}
                out.write(json.dumps(plain) + "\n")
    except (CalamineError, ValueError) as error:
        out.write(json.dumps({"error": str(error)}) + "\n")


def _plain(cell: Any) -> Any:
    match cell:
        case datetime():
            return {"datetime": cell.isoformat()}
        case date():
            return {"date": cell.isoformat()}
        case time():
            return {"time": cell.isoformat()}
        case timedelta():
            return {"seconds": cell.total_seconds()}
    return cell


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
