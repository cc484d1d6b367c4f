"""For the tests of plugins: what datasets and models must keep to, and tiny stores and models for it."""

from rvosbench.testing.check_dataset import check_dataset
from rvosbench.testing.check_model import check_model
from rvosbench.testing.failure import CheckFailed
from rvosbench.testing.tiny_store import tiny_store

__all__ = ["CheckFailed", "check_dataset", "check_model", "tiny_store"]
