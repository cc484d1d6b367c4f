"""Load a pickle of plain lists, dicts, numbers and text, and refuse everything else.

The referring expressions of RefCOCO are released as a pickle, and loading a pickle runs whatever code
its author put in. Code enters through globals; this reader admits none, so nothing can be called.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any, NoReturn

from rvosbench.datasets.reading import read_bytes
from rvosbench.errors import DatasetError

# What the unpickler raises for damaged input; the documentation names no closed list.
_DAMAGED = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class _GlobalError(Exception):
    """The pickle asked for a global."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> NoReturn:
        raise _GlobalError(f"{module}.{name}")


def load(path: Path) -> Any:
    """The plain content of a pickle file written by Python 2 or 3.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: the file is damaged, or asks for any class or function.
    """
    try:
        # Latin-1 maps every byte of a Python 2 str to one character, as the official reader does.
        return _PlainUnpickler(io.BytesIO(read_bytes(path)), encoding="latin1").load()
    except _GlobalError as error:
        raise DatasetError(
            f"{path} wants to import {str(error)!a}; the official file holds plain lists and dicts, so this "
            "one may run code: do not open it, fetch it again"
        ) from None
    except _DAMAGED as error:
        detail = " ".join(ascii(str(error)).split())[:80]
        raise DatasetError(f"{path} is not a readable pickle ({detail}); fetch it again") from error
