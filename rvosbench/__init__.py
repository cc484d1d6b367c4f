"""Datasets, metrics, models and failure analysis for referring video object segmentation.

```python
import rvosbench as rv

store = rv.open_store("stores/ytvos")
run = rv.open_run("runs/soc")
print(run.scores())
```

The names below are the public ones. Each is imported when it is first used, so importing the package loads
no torch, numpy or pyarrow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rvosbench.errors import RvosbenchError as RvosbenchError
    from rvosbench.evaluation.evaluate import evaluate as evaluate
    from rvosbench.evaluation.merge_parts import merge as merge
    from rvosbench.inference.predict import predict as predict
    from rvosbench.inference.segment import segment as segment
    from rvosbench.metrics.pairs import score_pairs as score_pairs
    from rvosbench.models.loading import load_model as load_model
    from rvosbench.plugins.dataset import DatasetSpec as DatasetSpec
    from rvosbench.plugins.metric import Metric as Metric
    from rvosbench.plugins.model import ModelSpec as ModelSpec
    from rvosbench.plugins.protocol import Protocol as Protocol
    from rvosbench.plugins.registry import DATASETS as DATASETS
    from rvosbench.plugins.registry import METRICS as METRICS
    from rvosbench.plugins.registry import MODELS as MODELS
    from rvosbench.plugins.registry import PROTOCOLS as PROTOCOLS
    from rvosbench.preparation import prepare as prepare
    from rvosbench.reporting.comparison import compare as compare
    from rvosbench.reporting.leaderboard import leaderboard as leaderboard
    from rvosbench.reporting.report import report as report
    from rvosbench.runs.run import Run as Run
    from rvosbench.runs.run import open_run as open_run
    from rvosbench.runs.scores import Scores as Scores
    from rvosbench.store import Store as Store
    from rvosbench.store import open_store as open_store
    from rvosbench.training import train as train
    from rvosbench.types import Clip as Clip
    from rvosbench.types import Segmentation as Segmentation

# The work, in its order; what it works on; what can be plugged in.
_HOME = {
    "open_store": "rvosbench.store",
    "open_run": "rvosbench.runs.run",
    "prepare": "rvosbench.preparation",
    "train": "rvosbench.training",
    "predict": "rvosbench.inference.predict",
    "evaluate": "rvosbench.evaluation.evaluate",
    "merge": "rvosbench.evaluation.merge_parts",
    "compare": "rvosbench.reporting.comparison",
    "leaderboard": "rvosbench.reporting.leaderboard",
    "report": "rvosbench.reporting.report",
    "load_model": "rvosbench.models.loading",
    "segment": "rvosbench.inference.segment",
    "score_pairs": "rvosbench.metrics.pairs",
    "Store": "rvosbench.store",
    "Run": "rvosbench.runs.run",
    "Scores": "rvosbench.runs.scores",
    "Clip": "rvosbench.types",
    "Segmentation": "rvosbench.types",
    "DATASETS": "rvosbench.plugins.registry",
    "MODELS": "rvosbench.plugins.registry",
    "METRICS": "rvosbench.plugins.registry",
    "PROTOCOLS": "rvosbench.plugins.registry",
    "DatasetSpec": "rvosbench.plugins.dataset",
    "ModelSpec": "rvosbench.plugins.model",
    "Metric": "rvosbench.plugins.metric",
    "Protocol": "rvosbench.plugins.protocol",
    "RvosbenchError": "rvosbench.errors",
}

__all__ = [  # noqa: RUF022 - they come from `__getattr__`, in the order of `_HOME`
    "open_store",
    "open_run",
    "prepare",
    "train",
    "predict",
    "evaluate",
    "merge",
    "compare",
    "leaderboard",
    "report",
    "load_model",
    "segment",
    "score_pairs",
    "Store",
    "Run",
    "Scores",
    "Clip",
    "Segmentation",
    "DATASETS",
    "MODELS",
    "METRICS",
    "PROTOCOLS",
    "DatasetSpec",
    "ModelSpec",
    "Metric",
    "Protocol",
    "RvosbenchError",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'rvosbench' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
