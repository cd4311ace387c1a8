"""Packages of evidence: one file with all that an outsider needs to check a period alone."""
