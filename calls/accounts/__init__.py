"""People: roles, permissions, sessions, sign-ins, preferences."""
