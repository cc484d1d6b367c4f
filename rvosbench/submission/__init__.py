"""Predictions as the public benchmarks exchange them: folders and zips of PNG files, in both directions.

Writing them for a server, and checking what anybody wrote: `rvosbench.submission.servers`.

```text
[Annotations/]<video>/<expression>/<frame>.png     one mask; 0 is background, anything else the object
[Annotations/]<sequence>/<frame>.png               all objects; the values are object ids (palette or grey)
[Annotations/]anno_<k>/<sequence>/<frame>.png      all that annotator k describes; the values are labels
```
Parquet as `rvos predict` writes it is read here too, so that callers need not care.
"""

from rvosbench.submission.opening import open_predictions
from rvosbench.submission.sources import PredictionSource, VideoRows

__all__ = ["PredictionSource", "VideoRows", "open_predictions"]
