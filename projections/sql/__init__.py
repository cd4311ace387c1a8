"""`query`: what a statement may say, how it is kept from more, how its rows are taken."""
