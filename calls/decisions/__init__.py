"""Decisions about calls: reject, let pass, add a note; and the outcomes of attempts."""
