"""Receives Graph's callbacks: from the authenticated request to committed rows."""
