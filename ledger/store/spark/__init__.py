"""Spark, where it is asked for: how it is reached, and what it answers of order lines."""
