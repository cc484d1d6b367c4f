"""Masks and text drawn on frames."""
