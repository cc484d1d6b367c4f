"""Imports modules and says what they can do, in a process of its own: a broken library may end the process.

Run as `python -m rvosbench.doctor.probe MODULE ...`; writes a line with a name before each import and a line
of JSON after it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

BEGIN, END = "rvos-doctor-begin ", "rvos-doctor-end "
"""What its lines begin with; libraries may write others."""


def main(names: list[str]) -> None:
    """Import one module after the other."""
    for name in names:
        _say(BEGIN + name)
        found: dict[str, Any]
        try:
            module = importlib.import_module(name)
            look = FACTS.get(name)
            found = {"facts": {} if look is None else look(module)}
        except BaseException as error:  # SystemExit too: whatever happens is the answer
            found = {"error": f"{type(error).__name__}: {error}"}
        _say(END + json.dumps({"module": name} | found))


def _say(line: str) -> None:
    # On a line of its own, whatever a library has written before.
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()


def _torch(torch: Any) -> dict[str, Any]:
    gpus = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(index)
            gpus.append({"name": str(facts.name), "bytes": int(facts.total_memory)})
    return {
        "gpus": gpus,
        "mps": bool(torch.backends.mps.is_available()),
        "built_for": torch.version.cuda or getattr(torch.version, "hip", None),
        "sum": float(torch.ones(3).sum()),  # that it computes at all
    }


def _av(av: Any) -> dict[str, Any]:
    def codecs(mode: str, names: tuple[str, ...]) -> list[str]:
        present = []
        for name in names:
            try:
                av.codec.Codec(name, mode)
            except Exception:  # PyAV's own, which are not known before it is imported
                continue
            present.append(name)
        return present

    return {
        "ffmpeg": str(getattr(av, "ffmpeg_version_info", "")),
        "decoders": codecs("r", DECODERS),
        "encoders": codecs("w", ENCODERS),
    }


def _pil(_: Any) -> dict[str, Any]:
    from PIL import features

    return {"formats": [name for name, codec in (("JPEG", "jpg"), ("PNG", "zlib")) if features.check(codec)]}


DECODERS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "libaom-av1", "mpeg4")
# FFmpeg's own "av1" needs a graphics card; these two do not.
ENCODERS = ("libx264", "mpeg4")

FACTS: dict[str, Callable[[Any], dict[str, Any]]] = {"torch": _torch, "av": _av, "PIL": _pil}

if __name__ == "__main__":
    main(sys.argv[1:])
