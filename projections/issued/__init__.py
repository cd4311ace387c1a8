"""Statements that come back: read from the file that was sent, compared with what the book says."""
