"""For the tests of plugins: what each kind must keep to, and tiny stores and models to test against."""

from rvosbench.testing.check_dataset import check_dataset
from rvosbench.testing.check_metric import check_metric
from rvosbench.testing.check_model import check_model
from rvosbench.testing.failure import CheckFailed
from rvosbench.testing.tiny_store import tiny_store
from rvosbench.testing.tiny_table import tiny_table

__all__ = ["CheckFailed", "check_dataset", "check_metric", "check_model", "tiny_store", "tiny_table"]
