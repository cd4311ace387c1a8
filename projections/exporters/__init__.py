"""What leaves the book for other programs: plain-text accounting, tables, workbooks."""
