"""Files as DuckDB reads them."""

PLAIN = "hive_partitioning = false"
"""Of every file that is read: DuckDB would take a folder `store=X` above it for the column `store`
of each row, in place of the file's own."""
