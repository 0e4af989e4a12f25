"""The audit history: appending, signing, verification, export and retention of entries."""
