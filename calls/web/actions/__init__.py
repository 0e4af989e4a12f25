"""The views of actions on calls: reject, let pass, add a note."""
