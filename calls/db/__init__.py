"""The only place with database driver knowledge."""
