"""The audit history: append, sign, verify, export, retain."""
