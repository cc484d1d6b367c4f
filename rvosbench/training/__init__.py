"""Training: the loop over a recipe, the order of samples, states to resume from."""

from rvosbench.training.loop import TrainResult
from rvosbench.training.options import TrainOptions
from rvosbench.training.run import train

__all__ = ["TrainOptions", "TrainResult", "train"]
