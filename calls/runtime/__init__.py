"""One server process: its parts, their start and end, the background duties."""
