"""Exports for other programs: plain-text accounting, tables, workbooks."""
