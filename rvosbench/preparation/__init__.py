"""`prepare`: an official release into a store, checked against what its card says."""

from rvosbench.preparation.run import Prepared, count_differences, prepare

__all__ = ["Prepared", "count_differences", "prepare"]
