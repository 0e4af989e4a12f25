"""What applies to every response: middleware, headers, error pages, static files."""
