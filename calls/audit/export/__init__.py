"""Exports of audit entries to sealed files, and the verification of such files."""
