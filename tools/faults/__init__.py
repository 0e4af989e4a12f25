"""What happens while parts fail: `make faults`.

Each fault is a function that breaks something under load, on servers of its own, and yields what was counted with the
bound it must keep. `__main__` runs them and prints the table that docs/faults.md holds. PostgreSQL, Redis, nginx and
a C compiler are used where they are installed: instances of our own on free ports, never the machine's.
"""
