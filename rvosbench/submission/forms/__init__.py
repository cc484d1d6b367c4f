"""Predictions that are no trees of PNG files: JSON with run lengths, and arrays in `.npz`.

`rvosbench.submission.forms.pieces` lists the layouts of JSON, `...tracks` how masks are written there,
`...npz` those of arrays.
"""

from rvosbench.submission.forms.opening import is_form, open_form

__all__ = ["is_form", "open_form"]
