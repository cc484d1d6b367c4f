"""Everything that rvosbench raises on purpose, and the exit code that `rvos` gives it.

```text
RvosbenchError                         exit 1
├── UnknownNameError    (KeyError)           no such dataset, model, metric, split, video ...
├── OptionError         (ValueError)         an option's value that a dataset or model does not take
├── PluginError         (ImportError)        a plugin that cannot be imported, or breaks its contract
├── MissingPathError    (FileNotFoundError)  a file or folder that was asked for is not there
├── LocationError       (ValueError)         a path with a scheme that cannot be served, such as s3://
├── OutputError         (OSError)            the place to write to is taken or cannot be written
├── CheckpointError     (ValueError)         weights that do not belong to this model
├── TrainingError       (RuntimeError)       training cannot go on (no data, a loss that is not finite)
├── WorkerError         (RuntimeError)       a worker process died, or cannot be given its work
└── InvalidDataError    (ValueError)   exit 3
    ├── DatasetError                         an official release that is damaged or not what it claims
    ├── FormatError                          a store, run or checkpoint folder in the wrong format
    ├── ShapeError                           arrays whose sizes must agree and do not
    ├── ScoreError                           predictions that cannot be scored
    └── MaskSizeError   (ShapeError and ScoreError)   a prediction of another size than what it is scored by
```

A message says what was found, what was expected and what to do, in one line.
"""


class RvosbenchError(Exception):
    """The root: `except RvosbenchError` catches all that this package raises on purpose."""

    exit_code = 1

    def __str__(self) -> str:
        # KeyError would show the repr of its argument, OSError an errno.
        return str(self.args[0]) if self.args else type(self).__name__


class UnknownNameError(RvosbenchError, KeyError):
    """No dataset, model, preset, protocol, split or video of that name."""


class OptionError(RvosbenchError, ValueError):
    """A value that an option of a dataset or a model does not take."""


class PluginError(RvosbenchError, ImportError):
    """A plugin that cannot be imported, is not what it must be, or fails; named with its package."""


class MissingPathError(RvosbenchError, FileNotFoundError):
    """A file or folder that was asked for is not there."""


class LocationError(RvosbenchError, ValueError):
    """A path that is none of this machine's, such as `s3://bucket/store`, or none at all."""


class OutputError(RvosbenchError, OSError):
    """The place to write to is taken, or cannot be written."""


class CheckpointError(RvosbenchError, ValueError):
    """Weights that do not belong to the model that should load them."""


class TrainingError(RvosbenchError, RuntimeError):
    """Training cannot start or cannot go on."""


class WorkerError(RvosbenchError, RuntimeError):
    """A worker process died, or cannot be given its work."""


class InvalidDataError(RvosbenchError, ValueError):
    """The input was read, and is wrong."""

    exit_code = 3


class DatasetError(InvalidDataError):
    """An official release that is damaged, incomplete or not what it claims to be."""


class FormatError(InvalidDataError):
    """A store, a run folder or a checkpoint folder that is not in the format this version reads."""


class ShapeError(InvalidDataError):
    """Arrays whose sizes must agree and do not. Masks are never resized to fit."""


class ScoreError(InvalidDataError):
    """Predictions that cannot be scored."""


class MaskSizeError(ShapeError, ScoreError):
    """A predicted mask of another size than the ground truth or the video."""
