"""Reads order files of any size into checked lines in DuckDB; every bad row is named.

The checks are SQL over whole columns. The bad rows found there are explained one by one in Python,
which has the words. `reading.read` is the entry point.
"""
