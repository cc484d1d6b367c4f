"""For the tests of plugins: what a model must keep to, and tiny stores and models to test against."""

from rvosbench.testing.check_model import check_model
from rvosbench.testing.failure import CheckFailed
from rvosbench.testing.tiny_store import tiny_store

__all__ = ["CheckFailed", "check_model", "tiny_store"]
