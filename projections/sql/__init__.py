"""`query`: what a statement may contain, what enforces that, and how its rows are fetched."""
