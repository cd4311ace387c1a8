"""Several books that are read together: which they are, and their answers in one."""
