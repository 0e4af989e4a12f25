"""What every page passes through: middleware, headers, error pages, static files."""
