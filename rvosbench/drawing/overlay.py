"""Masks drawn on frames, and the expressions that they answer.

Colours are those of Okabe and Ito, "Color Universal Design" (2008), which stay apart for people who do
not see red and green alike, an eighth of the same lightness, and, where there are more, colours of the
RGB cube as far from the others as there are.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from rvosbench.drawing.fonts import Font, font_for
from rvosbench.errors import ShapeError
from rvosbench.files.text import strip_control
from rvosbench.media.images import RgbImage
from rvosbench.types import BoolMask

Colour = tuple[int, int, int]
"""(red, green, blue), each 0 to 255."""

PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),  # orange
    (86, 180, 233),  # sky blue
    (0, 158, 115),  # bluish green
    (204, 121, 167),  # reddish purple
    (240, 228, 66),  # yellow
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermilion
    (137, 110, 240),  # violet
)

COLOURS = 40
"""How many different colours there are."""

HIT: Colour = (0, 190, 130)  # predicted and true
FALSE: Colour = (233, 84, 32)  # predicted, not true
MISSED: Colour = (86, 180, 233)  # true, not predicted
PAPER: Colour = (24, 26, 31)
_INK: Colour = (240, 240, 240)
_COLUMN = 14  # the least width of a column, in sizes of the type: about 25 letters
_STRIPE = 1 / 36  # thickness of a stripe where masks overlap, in shorter sides of the frame
_HALO = 0.45  # how much of the pixels just outside a contour is left


def colour_of(index: int) -> Colour:
    """The colour of the `index`-th expression; they repeat after `COLOURS`."""
    return PALETTE[index] if index < len(PALETTE) else _more_colours()[index % COLOURS]


@functools.cache
def _more_colours() -> tuple[Colour, ...]:
    """`PALETTE`, and after it the colour that is farthest from all before, again and again."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)  # the 216 colours of six steps
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lightness = _lab(cube)[:, 0]
    cube = cube[(lightness > 40) & (lightness < 92)]  # dark ones drown in the paper, white is no colour
    candidates, chosen = _lab(cube), list(PALETTE)
    nearest = np.full(len(cube), np.inf)
    for place in range(COLOURS):
        if place == len(chosen):
            red, green, blue = cube[int(nearest.argmax())].tolist()
            chosen.append((red, green, blue))
        distance = np.linalg.norm(candidates - _lab(np.array([chosen[place]], np.uint8)), axis=1)
        nearest = np.minimum(nearest, distance)
    return tuple(chosen)


def _lab(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 3) sRGB to (N, 3) CIELAB, in which distances are what the eye sees."""
    return np.asarray(cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0], np.float32)


def blend(
    frame: RgbImage,
    masks: NDArray[np.bool_],
    colours: Sequence[Colour] = PALETTE,
    *,
    alpha: float = 0.45,
    outline: int = 2,
) -> RgbImage:
    """Tint every mask in its colour and draw its contour inside it.

    Where masks share pixels, their colours alternate in diagonal stripes, so that two equal masks are both
    seen. No contour is drawn along the border of the frame, where an object goes on.

    Args:
        frame: (H, W, 3) uint8 RGB; left as it is.
        masks: (N, H, W) bool.
        colours: repeated when there are fewer than masks.
        alpha: 0 leaves the pixels inside a mask as they are, 1 hides them.
        outline: width of the contour in px; 0 draws none.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ShapeError: masks and frame differ in size.
    """
    if masks.ndim != 3 or masks.shape[1:] != frame.shape[:2] or masks.dtype != np.bool_:
        raise ShapeError(
            f"masks are {masks.shape} {masks.dtype}, the frame {frame.shape[0]}x{frame.shape[1]} px; "
            "expected (N, height, width) bool of the frame's size"
        )
    boxes = [_box(mask, margin=1) for mask in masks]
    edges = np.zeros_like(masks)
    for edge, mask, box in zip(edges, masks, boxes, strict=True):
        if box is not None and outline:
            edge[box] = mask[box] & ~_erode(mask[box], outline)
    drawn = frame.copy()
    layers = zip(masks, _dealt_out(masks), _dealt_out(edges), boxes, strict=True)
    for position, (mask, fill, edge, box) in enumerate(layers):
        if box is None:
            continue
        colour = colours[position % len(colours)]
        _paint(drawn[box], fill[box], colour, alpha)
        if outline:
            _paint(drawn[box], _dilate(mask[box], 1) & ~mask[box], (0, 0, 0), 1 - _HALO)
            _paint(drawn[box], edge[box], colour, 1.0)
    return drawn


def difference(frame: RgbImage, prediction: BoolMask, truth: BoolMask, *, alpha: float = 0.55) -> RgbImage:
    """What a prediction got right (`HIT`), invented (`FALSE`) and overlooked (`MISSED`).

    The true contour is drawn in white; the pixels outside both masks turn grey, so that the colours
    of the scene are not mistaken for a verdict.

    Args:
        frame: (H, W, 3) uint8 RGB; left as it is.
        prediction: (H, W) bool.
        truth: (H, W) bool.
        alpha: how much of the verdict's colour covers the pixels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ShapeError: the sizes differ.
    """
    grey = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    verdicts = np.stack([prediction & truth, prediction & ~truth, truth & ~prediction])
    drawn = blend(np.asarray(grey, np.uint8), verdicts, (HIT, FALSE, MISSED), alpha=alpha, outline=0)
    return contour(drawn, truth)


def contour(frame: RgbImage, mask: BoolMask, colour: Colour = (255, 255, 255), width: int = 1) -> RgbImage:
    """The outline of one mask, drawn inside it, and nothing else."""
    return blend(frame, mask[None], (colour,), alpha=0.0, outline=width)


def legend(
    width: int,
    entries: Sequence[tuple[str, Colour]],
    *,
    size: int | None = None,
    compact: bool = False,
) -> RgbImage:
    """A band with one expression per entry, to be put below a frame: nothing of the frame is hidden.

    An expression takes up to three lines and is then cut with an ellipsis.

    Args:
        width: of the frame, in px.
        entries: expression and colour.
        size: of the type in px; by default chosen by the width.
        compact: one line of smaller type per expression, in up to three columns that are read downwards.

    Returns:
        (height, width, 3) uint8 RGB, as high as the text needs.
    """
    points = size or max(11, width // (60 if compact else 45))
    line, margin, chip = round(points * 1.35), points // 2, points
    left = margin + chip + margin
    columns = max(1, min(3, width // (_COLUMN * points))) if compact else 1
    column = width // columns
    rows = [
        (text_line, font, colour if number == 0 else None)
        for text, colour in entries
        for font in [font_for(text, points)]
        for number, text_line in enumerate(
            _wrap(text, font, max(1, column - left - margin), 1 if compact else 3)
        )
    ]
    height = -(-len(rows) // columns)  # in lines
    band = Image.new("RGB", (width, margin * 2 + line * height), PAPER)
    draw = ImageDraw.Draw(band)
    for number, (text_line, font, mark) in enumerate(rows):
        start, top = column * (number // height), margin + line * (number % height)
        if mark is not None:
            box = (start + margin, top + 2, start + margin + chip - 1, top + 1 + chip)
            draw.rounded_rectangle(box, chip // 5, mark)
        draw.text((start + left, top + 2 + chip / 2), text_line, _INK, font, anchor="lm")
    return np.asarray(band, np.uint8)


def _dealt_out(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same masks without overlap: the pixels that several claim are dealt out in diagonal stripes.

    The stripes lie still in the frame, so that they do not flicker when a mask moves.
    """
    claims = masks.sum(0, dtype=np.int32)
    if claims.max(initial=0) <= 1:
        return masks
    height, width = claims.shape
    thickness = int(np.clip(round(min(height, width) * _STRIPE), 4, 16))
    rows, columns = np.indices(claims.shape, sparse=True)
    turn = (rows + columns) // thickness % np.maximum(claims, 1)
    dealt, before = np.empty_like(masks), np.zeros_like(claims)
    for position, mask in enumerate(masks):
        dealt[position] = mask & (turn == before)
        before += mask
    return dealt


def _paint(pixels: NDArray[np.uint8], where: BoolMask, colour: Colour, alpha: float) -> None:
    values = np.arange(256)[:, None] * (1 - alpha) + np.array(colour) * alpha  # (256, 3)
    tinted = cv2.LUT(pixels, np.rint(values).astype(np.uint8)[None])
    pixels[...] = cv2.copyTo(tinted, where.astype(np.uint8), pixels.copy())


def _box(mask: BoolMask, margin: int) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return None
    return (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )


def _disk(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2), np.uint8)


def _erode(mask: BoolMask, radius: int) -> BoolMask:
    # OpenCV treats the outside as foreground here, which is what leaves the frame's border free.
    return np.asarray(cv2.erode(mask.astype(np.uint8), _disk(radius)), np.bool_)


def _dilate(mask: BoolMask, radius: int) -> BoolMask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disk(radius)), np.bool_)


def _wrap(text: str, font: Font, width: int, lines: int = 3) -> list[str]:
    """`text` in at most `lines` lines of at most `width` px; a word that is too long is broken."""
    words = strip_control(text, " ").split()
    done: list[str] = []
    current = ""
    while words:
        longer = f"{current} {words[0]}".strip()
        if font.getlength(longer) <= width:
            current = longer
            words.pop(0)
        elif current:
            done.append(current)
            current = ""
        else:
            fitting = _fitting(words[0], font, width)
            done.append(words[0][:fitting])
            words[0] = words[0][fitting:]
        if len(done) > lines:
            break
    if current:
        done.append(current)
    if len(done) > lines:
        last = done[lines - 1]
        while last and font.getlength(last + "…") > width:
            last = last[:-1]
        done = [*done[: lines - 1], last.rstrip() + "…"]
    return done or [""]


def _fitting(word: str, font: Font, width: int) -> int:
    """How many leading characters of `word` fit; at least one, so that wrapping ends."""
    count = len(word)
    while count > 1 and font.getlength(word[:count]) > width:
        count = min(count - 1, max(1, int(count * width / font.getlength(word[:count]))))
    return count
