"""Load a pickle of plain lists, dicts, numbers and text, and refuse everything else.

The referring expressions of RefCOCO are released as a pickle, and loading a pickle runs whatever code
its author put in. Code enters through globals; this reader admits none, so nothing can be called.

It is the unpickler written in Python, with only the instructions that lists, dicts, numbers and text need.
The one in C is twice as fast and can be brought down by a file without any global: twelve bytes make it
reserve 32 GB for its memo, and a tuple nested deeply enough to serve as a key ends the interpreter.
"""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path
from typing import Any, NoReturn

from rvosbench.datasets.reading import read_bytes
from rvosbench.errors import DatasetError
from rvosbench.files.foreign import file_is
from rvosbench.files.text import shown

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
    struct.error,
)

_FRAMING = (pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK)
_CONTAINERS = (
    pickle.EMPTY_LIST,
    pickle.LIST,
    pickle.APPEND,
    pickle.APPENDS,
    pickle.EMPTY_DICT,
    pickle.DICT,
    pickle.SETITEM,
    pickle.SETITEMS,
)
_SCALARS = (
    pickle.NONE,
    pickle.NEWTRUE,
    pickle.NEWFALSE,
    pickle.INT,
    pickle.BININT,
    pickle.BININT1,
    pickle.BININT2,
    pickle.LONG,
    pickle.LONG1,
    pickle.LONG4,
    pickle.FLOAT,
    pickle.BINFLOAT,
    pickle.STRING,
    pickle.BINSTRING,
    pickle.SHORT_BINSTRING,
    pickle.UNICODE,
    pickle.BINUNICODE,
    pickle.SHORT_BINUNICODE,
    pickle.BINUNICODE8,
    pickle.BINBYTES,
    pickle.SHORT_BINBYTES,
    pickle.BINBYTES8,
)
_MEMO = (
    pickle.PUT,
    pickle.BINPUT,
    pickle.LONG_BINPUT,
    pickle.MEMOIZE,
    pickle.GET,
    pickle.BINGET,
    pickle.LONG_BINGET,
)
# Admitted only so that the error can say which global was asked for: `find_class` refuses them all.
_GLOBALS = (pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.INST)


class _GlobalError(Exception):
    """The pickle asked for a global."""


class _InstructionError(Exception):
    """The pickle has an instruction that plain content does not need."""


def _refuse(unpickler: object) -> NoReturn:
    raise _InstructionError


class _PlainUnpickler(pickle._Unpickler):
    dispatch = dict.fromkeys(range(256), _refuse) | {
        code[0]: pickle._Unpickler.dispatch[code[0]]
        for code in (*_FRAMING, *_CONTAINERS, *_SCALARS, *_MEMO, *_GLOBALS)
    }

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
            f"{path} wants to import {shown(str(error))}; the official file holds plain lists and dicts, so "
            "this one may run code: do not open it, fetch it again"
        ) from None
    except _InstructionError:
        if what := file_is(path, expected=("a Python pickle",)):
            raise DatasetError(f"{path} is not a readable pickle{what}; fetch it again") from None
        raise DatasetError(
            f"{path} holds more than lists, dicts, numbers and text; the official file does not, fetch it "
            "again"
        ) from None
    except _DAMAGED as error:
        detail = " ".join(ascii(str(error)).split())[:80]
        what = file_is(path, expected=("a Python pickle",)) or f" ({detail})"
        raise DatasetError(f"{path} is not a readable pickle{what}; fetch it again") from error
