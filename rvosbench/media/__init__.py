"""Pixels in and out: image files, video files, frames of a stored video, writers."""
