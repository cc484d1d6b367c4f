"""Predictions in other forms than pictures: run lengths as JSON, arrays as `.npz`.

`rvosbench.submission.forms.pieces` lists the layouts of JSON, `...tracks` how masks are written there,
`...npz` the layouts of arrays.
"""

from rvosbench.submission.forms.opening import SUFFIXES, open_form

__all__ = ["SUFFIXES", "open_form"]
