"""Scripts that measure and print a table: `python -m benchmarks`. Never part of the tests."""
