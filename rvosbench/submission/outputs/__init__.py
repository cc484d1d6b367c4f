"""Predictions written in other forms, one video at a time: `rvosbench.submission.conversion` calls them."""
