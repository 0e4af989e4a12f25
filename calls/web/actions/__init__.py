"""The addresses at which people act on calls."""
