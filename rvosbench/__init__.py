"""Datasets, metrics, models and failure analysis for referring video object segmentation."""

__version__ = "0.1.0"
