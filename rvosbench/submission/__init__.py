"""Predictions as people exchange them, in both directions: pictures, run lengths, arrays, Parquet.

Writing them for a server, and checking what anybody wrote: `rvosbench.submission.servers`.

```text
[Annotations/]<video>/<expression>/<frame>.png     one mask; 0 is background, anything else the object
[Annotations/]<sequence>/<frame>.png               all objects; the values are object ids (palette or grey)
[Annotations/]anno_<k>/<sequence>/<frame>.png      all that annotator k describes; the values are labels
```
in folders, zips and tars; JSON with run lengths and `.npz`, see `rvosbench.submission.forms`; and Parquet as
`rvos predict` writes it.
"""

from rvosbench.submission.conversion import Converted, convert
from rvosbench.submission.opening import open_predictions
from rvosbench.submission.sources import PredictionSource, VideoRows

__all__ = ["Converted", "PredictionSource", "VideoRows", "convert", "open_predictions"]
