"""From Graph's callback to committed rows."""
