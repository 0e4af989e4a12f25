"""The audit history as a sealed file, and the check of such a file."""
