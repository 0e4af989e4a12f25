"""What the program exists for, measured against the limit of its parts: `make bench`.

Every figure is a ratio of two things measured in the same run, in turns, because absolute figures drift with the
machine. Each part is a module with a `measure` that yields figures; `__main__` runs them and prints the table.
"""
