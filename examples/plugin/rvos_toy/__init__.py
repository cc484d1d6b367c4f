"""What another package adds to rvosbench; pyproject.toml registers it."""
