"""What people do to a call: reject it, let it ring, note something about it."""
