"""Ways to damage what a file of a release says, each a function of a path and of Hypothesis' data."""

from __future__ import annotations

import io
import json
import pickle
import struct
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_array

from tests.datasets.tiny_releases import HEIGHT, WIDTH, write_mp4

HOSTILE = (
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a\0b",
    "a\nb",
    "CON",
    "con.jpg",
    "x" * 300,
    "аaa",  # noqa: RUF001 (a Cyrillic letter)
    "\ud800",
    "",
    ".",
    ".hidden",
    "-rf",
    "a b",
    "00000",
    "99999",
    "1",
    "-1",
    "²",
    "1e3",
    "{}",
    "%s",
)
# What json.dumps cannot write: stands for its text.
_TEXTS = {
    "@huge": "1" + "0" * 5000,
    "@deep": "[" * 100_000 + "]" * 100_000,
    "@deep object": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "@infinite": "1e999",
    "@surrogate": '"\\ud800"',
}
VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1,
    255,
    256,
    1.5,
    -0.0,
    float("nan"),
    1e308,
    2**31,
    2**63,
    2**64,
    10**30,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    [1, 2, 3],
    "1",
    *HOSTILE,
    *_TEXTS,
)


def mutate_json(path, data):
    content = json.loads(path.read_bytes())
    text = json.dumps(_mutated(content, data, VALUES))
    for placeholder, stands_for in _TEXTS.items():
        text = text.replace(f'"{placeholder}"', stands_for)
    path.write_text(text)


def repeat_key(path, data):
    """One object of the file gets one of its keys a second time."""
    content = json.loads(path.read_bytes())
    objects = [node for node, _, _ in _nodes(content) if isinstance(node, dict) and node]
    if not objects:
        return
    chosen = data.draw(st.sampled_from(objects))
    key = data.draw(st.sampled_from(sorted(chosen)))
    chosen["@again"] = data.draw(st.sampled_from([chosen[key], None, {}]))
    path.write_text(json.dumps(content).replace('"@again"', json.dumps(key)))


def mutate_pickle(path, data):
    content = pickle.loads(path.read_bytes())
    values = [value for value in VALUES if not (isinstance(value, str) and value.startswith("@"))]
    path.write_bytes(pickle.dumps(_mutated(content, data, [*values, 10**5000, b"bytes", (1,)]), protocol=2))


def _mutated(content, data, values):
    """The content with one node dropped, replaced, renamed or repeated."""
    content = deepcopy(content)
    nodes = [(parent, key) for _, parent, key in _nodes(content) if parent is not None]
    if not nodes:
        return data.draw(st.sampled_from(values))
    # Near the top there are few nodes, and each matters more.
    first = nodes[: max(1, len(nodes) // 8)]
    parent, key = data.draw(st.sampled_from(nodes) | st.sampled_from(first))
    how = data.draw(st.sampled_from(["drop", "replace", "replace", "key", "repeat", "copy"]))
    if how == "drop":
        del parent[key]
    elif how == "replace":
        parent[key] = data.draw(st.sampled_from(values))
    elif how == "key" and isinstance(parent, dict):
        parent[data.draw(st.sampled_from(HOSTILE))] = parent.pop(key)
    elif how == "copy":
        _, other_parent, other = data.draw(st.sampled_from([n for n in _nodes(content) if n[1] is not None]))
        parent[key] = deepcopy(other_parent[other])
    elif isinstance(parent, list):
        parent.insert(key, deepcopy(parent[key]))
    else:
        parent[data.draw(st.sampled_from(HOSTILE))] = deepcopy(parent[key])
    return content


def _nodes(content, parent=None, key=None):
    """(node, parent, key) from the top down, breadth first."""
    queue = [(content, parent, key)]
    for node, above, name in queue:
        yield node, above, name
        if isinstance(node, dict):
            queue += [(value, node, each) for each, value in node.items()]
        elif isinstance(node, list):
            queue += [(value, node, each) for each, value in enumerate(node)]


def mutate_text(path, data):
    lines = path.read_bytes().decode("latin-1").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(
        st.sampled_from(["drop", "repeat", "field", "field", "quote", "junk", "crlf", "bom", "long"])
    )
    hostile = data.draw(st.sampled_from(HOSTILE))
    if how == "drop":
        del lines[at]
    elif how == "repeat":
        lines.insert(at, lines[at])
    elif how == "field":
        separator = "," if "," in lines[at] else " "
        fields = lines[at].split(separator)
        fields[data.draw(st.integers(0, len(fields) - 1))] = hostile
        lines[at] = separator.join(fields)
    elif how == "quote":
        lines[at] = f'"{lines[at]}'
    elif how == "junk":
        lines[at] = hostile
    elif how == "crlf":
        lines = [f"{line}\r" for line in lines]
    elif how == "bom":
        lines[0] = "\xef\xbb\xbf" + lines[0]
    else:
        lines[at] = "1" * 200_000 + lines[at]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))


def mutate_h5(path, data):
    with h5py.File(path, "r+") as file:
        key = data.draw(st.sampled_from(["reMask", "id", "reBBox", "instance"]))
        old = file[key][()] if key in file else np.zeros((1, 1))
        if key in file:
            del file[key]
        how = data.draw(st.sampled_from(sorted(_H5)))
        _H5[how](file, key, old)


_H5: dict[str, Callable[[h5py.File, str, Any], object]] = {
    "drop": lambda file, key, old: None,
    "float": lambda file, key, old: file.create_dataset(key, data=old + 0.5),
    "nan": lambda file, key, old: file.create_dataset(key, data=np.full(old.shape, np.nan)),
    "negative": lambda file, key, old: file.create_dataset(key, data=-1 - old.astype(np.int64)),
    "huge": lambda file, key, old: file.create_dataset(key, data=np.full(old.shape, 2**62)),
    "complex": lambda file, key, old: file.create_dataset(key, data=old * 1j),
    "text": lambda file, key, old: file.create_dataset(key, data="text"),
    "texts": lambda file, key, old: file.create_dataset(key, data=["a", "b"]),
    "empty": lambda file, key, old: file.create_dataset(key, data=h5py.Empty("u1")),
    "none": lambda file, key, old: file.create_dataset(key, shape=(0, *old.shape[1:]), dtype=old.dtype),
    "scalar": lambda file, key, old: file.create_dataset(key, data=1),
    "group": lambda file, key, old: file.create_group(key),
    "axes": lambda file, key, old: file.create_dataset(key, data=old.T),
    "more axes": lambda file, key, old: file.create_dataset(key, data=old[None, None]),
    "half": lambda file, key, old: file.create_dataset(key, data=old[: len(old) // 2]),
    "twice": lambda file, key, old: file.create_dataset(key, data=np.concatenate([old, old])),
    "absurd": lambda file, key, old: file.create_dataset(
        key, shape=(2**40, WIDTH, HEIGHT), dtype="u1", chunks=(1, WIDTH, HEIGHT)
    ),
    "compound": lambda file, key, old: file.create_dataset(key, data=np.zeros(3, [("a", "u1")])),
    "reference": lambda file, key, old: file.create_dataset(key, (2,), dtype=h5py.ref_dtype),
    "variable length": lambda file, key, old: file.create_dataset(key, (2,), dtype=h5py.vlen_dtype("u1")),
    "soft link": lambda file, key, old: file.__setitem__(key, h5py.SoftLink(f"/{key}")),
    "external link": lambda file, key, old: file.__setitem__(key, h5py.ExternalLink("/etc/passwd", "/x")),
    "type": lambda file, key, old: file.__setitem__(key, np.dtype("u1")),
}


def mutate_mat(path, data):
    T = 3
    arrays = {
        "two axes": np.zeros((HEIGHT, WIDTH), np.uint8),
        "four axes": np.zeros((HEIGHT, WIDTH, T, 1, 2), np.uint8),
        "one number": np.uint8(1),
        "other size": np.ones((HEIGHT + 1, WIDTH, T), np.uint8),
        "many frames": np.ones((HEIGHT, WIDTH, 100), np.uint8),
        "doubles": np.full((HEIGHT, WIDTH, T), np.nan),
        "negative": np.full((HEIGHT, WIDTH, T), -1, np.int16),
        "complex": np.full((HEIGHT, WIDTH, T), 1j),
        "text": "part_mask",
        "struct": {"a": 1},
        "cell": np.array([np.zeros(3), np.zeros(2)], dtype=object),
        "sparse": csc_array(np.eye(HEIGHT, WIDTH)),
        "nothing": np.zeros((0, WIDTH, T), np.uint8),
        "all": np.ones((HEIGHT, WIDTH, T), np.uint8),
    }
    name = data.draw(st.sampled_from(["part_mask", "part_mask", "other", "part_mask_of_a_long_name"]))
    array = arrays[data.draw(st.sampled_from(sorted(arrays)))]
    savemat(path, {"first": np.eye(2), name: array}, do_compression=data.draw(st.booleans()))


def mutate_image(path, data):
    how = data.draw(st.sampled_from(["size", "mode", "values", "bomb", "format", "chunk", "one"]))
    buffer = io.BytesIO()
    kind = "JPEG" if path.suffix == ".jpg" else "PNG"
    if how == "size":
        size = data.draw(st.sampled_from([(WIDTH, HEIGHT + 1), (HEIGHT, WIDTH), (1, 1), (5000, 1)]))
        Image.new("L", size).save(buffer, kind)
    elif how == "mode":
        modes = ["RGB", "L", "CMYK"] if kind == "JPEG" else ["RGB", "RGBA", "LA", "I;16", "1", "P", "L"]
        Image.new(data.draw(st.sampled_from(modes)), (WIDTH, HEIGHT), 1).save(buffer, kind)
    elif how == "values":
        value = data.draw(st.sampled_from([1, 3, 7, 128, 254, 255]))
        Image.new("L", (WIDTH, HEIGHT), value).save(buffer, kind)
    elif how == "bomb":
        Image.new("L", (WIDTH, HEIGHT)).save(buffer, "PNG")
        content = bytearray(buffer.getvalue())
        content[16:24] = struct.pack(">II", 60_000, 60_000)
        buffer = io.BytesIO(bytes(content))
    elif how == "format":
        other = data.draw(st.sampled_from(["GIF", "BMP", "TIFF", "WEBP", "JPEG", "PNG"]))
        Image.new("RGB", (WIDTH, HEIGHT)).save(buffer, other)
    elif how == "chunk":
        content = path.read_bytes()
        buffer.write(content[:33] + struct.pack(">I", 2**31 - 1) + b"zTXt" + content[33:])
    else:
        buffer.write(b"\x89PNG\r\n\x1a\n")
    path.write_bytes(buffer.getvalue())


def mutate_mp4(path, data):
    path.unlink()
    write_mp4(path, frames=data.draw(st.integers(1, 8)))


CONTENT_DAMAGE = {
    ".json": (mutate_json, mutate_json, mutate_json, repeat_key),
    ".p": (mutate_pickle,),
    ".txt": (mutate_text,),
    ".csv": (mutate_text,),
    ".h5": (mutate_h5,),
    ".mat": (mutate_mat,),
    ".png": (mutate_image,),
    ".jpg": (mutate_image,),
    ".mp4": (mutate_mp4,),
}
"""Suffix -> what can be done to such a file; repeated where it should be done more often."""
