"""Order files of any size to checked lines in DuckDB: streamed, every row judged, bad rows named.

The good path is SQL over whole columns; a bad row is only found there, and explained one by one
in Python, which has the words. `reading.read` is the way in.
"""
