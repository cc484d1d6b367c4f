"""A run folder: its record and its predictions."""
