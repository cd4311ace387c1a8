"""The order archive: a folder of immutable Parquet files, each named by the digest of its bytes.

`write.write` adds a file, `current.current` reads the lines that count, `folder.check` proves
that a file is what its name says. Which files exist, and in which order, is said by the log:
a file without its event is never read.
"""
