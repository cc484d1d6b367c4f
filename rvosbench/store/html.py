"""A store in a notebook: how much is in it, and a few frames with their masks."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from PIL import Image

from rvosbench.errors import RvosbenchError
from rvosbench.files.text import strip_control
from rvosbench.store.filmstrip import filmstrip
from rvosbench.types import Video

if TYPE_CHECKING:
    from rvosbench.store.reader import Store

_TABLES = ("videos", "frames", "objects", "expressions", "masks")
_VIDEOS = 2  # that are drawn
_LOOKED_AT = 4  # videos of a split, for one with masks
_FRAMES = 5
_WIDTH = 760  # px of a strip
_HEIGHTS = (48, 140)  # px of a frame
_EXPRESSIONS = 3  # below a strip
_LONGEST = 200  # characters of an expression
_MOST_BYTES = 200_000  # of all pictures, so that a notebook stays small


def store_as_html(store: Store) -> str:
    """Facts, and filmstrips of the first videos with masks; without the pixels why they are not shown."""
    card = store.manifest.get("card")
    title = card.get("title", store.name) if isinstance(card, dict) else store.name
    head = "".join(f"<th>{name}</th>" for name in ("split", *_TABLES))
    rows = "".join(_row(split, counts) for split, counts in store.splits.items())
    return (
        f"<p><b>{_text(title)}</b> ({_text(store.name)}), {_text(store.folder)}</p>"
        f"<table><tr>{head}</tr>{rows}</table>{''.join(_strips(store))}"
    )


def _row(split: str, counts: dict[str, int]) -> str:
    cells = "".join(f"<td>{_text(counts.get(table, 0))}</td>" for table in _TABLES)
    return f"<tr><td>{_text(split)}</td>{cells}</tr>"


def _strips(store: Store) -> Iterator[str]:
    left = _MOST_BYTES
    try:
        for video in _with_masks(store):
            picture = filmstrip(video, store.release, frames=_FRAMES, width=_WIDTH, heights=_HEIGHTS)
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, format="JPEG", quality=80)
            data = base64.b64encode(buffer.getvalue()).decode()
            left -= len(data)
            if left < 0:
                return
            said = [_text(expression.text[:_LONGEST]) for expression in video.expressions[:_EXPRESSIONS]]
            yield (
                f'<figure><img src="data:image/jpeg;base64,{data}" alt="frames of {_text(video.video_id)}">'
                f"<figcaption>{_text(video.split)}/{_text(video.video_id)}: {' · '.join(said)}</figcaption>"
                "</figure>"
            )
    except (RvosbenchError, OSError) as error:
        yield f"<p>No frames are shown: {_text(error)}</p>"


def _with_masks(store: Store) -> Iterator[Video]:
    """A video of each of the first splits; with masks, where one of the first has some."""
    for split in list(store.splits)[:_VIDEOS]:
        videos = [store.video(split, video_id) for video_id in store.video_ids(split)[:_LOOKED_AT]]
        yield next((video for video in videos if video.masks), videos[0])


def _text(value: Any) -> str:
    return escape(strip_control(str(value)))
