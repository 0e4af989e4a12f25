"""Verification of the audit history."""
