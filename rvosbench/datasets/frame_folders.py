"""One video that is a folder of image files, with its annotation PNGs or other masks beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rvosbench.datasets.expression_json import VideoEntry, objects_meant
from rvosbench.datasets.label_maps import annotation_files, read_annotations
from rvosbench.datasets.reading import folder_names, image_files
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.text import some
from rvosbench.media.images import MAX_PIXELS, ImageHeader, image_header
from rvosbench.media.orientation import TURNS, orientation_of_png, say_turned
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.types import Expression, Frame, Object, Rle, Video


@dataclass(frozen=True, slots=True)
class FrameFolder:
    """The frames of one video, all of them there."""

    images: str  # the folder, relative to the release
    names: tuple[str, ...]  # stems, in order
    files: tuple[str, ...]  # file names, in the same order
    size: tuple[int, int]  # (height, width) px of every frame
    turned: Mapping[str, int]  # file name -> orientation, of those that ask by EXIF to be shown turned

    @property
    def problems(self) -> tuple[str, ...]:
        """What is odd about them without making them useless."""
        said = say_turned(self.turned, len(self.files), f"frames in {self.images}")
        return () if said is None else (said,)

    def exif_hint(self, size: tuple[int, int]) -> str:
        """What to add to the complaint that a mask has another size, where EXIF explains it.

        Args:
            size: (height, width) px of the mask.
        """
        return exif_hint(max(self.turned.values(), default=1)) if size == self.size[::-1] else ""


def open_frames(
    release_dir: Path, images: str, frame_names: Sequence[str], suffix: str = ".jpg"
) -> FrameFolder:
    """Find the image files of one video.

    Args:
        release_dir: the release.
        images: the folder with the frames, relative to `release_dir`, with `/`.
        frame_names: the stems of the image files, in order; at least one.
        suffix: the usual one, to name a file that is not there.

    Raises:
        MissingPathError: a frame is missing.
        DatasetError: a frame has a damaged header, is too large, or has another size than the first one.
            Pixels are not decoded: `rvos verify` does that.
    """
    files = image_files(release_dir / images)
    for name in frame_names:
        if name not in files:
            path = release_dir / images / f"{name}{suffix}"
            if path.exists():
                raise DatasetError(f"{path} is a folder or a device, no file; extract the frame again")
            raise MissingPathError(
                f"{release_dir / images / name}{suffix} is missing; the release lists this frame, "
                "extract it again"
            )
    # A mask fits the frame that it was drawn on, so the first frame cannot speak for the others.
    headers = [frame_header(release_dir / images / files[name]) for name in frame_names]
    sizes = [(header.height, header.width) for header in headers]
    turned = {
        files[name]: header.orientation
        for name, header in zip(frame_names, headers, strict=True)
        if header.orientation != 1
    }
    for name, size in zip(frame_names, sizes, strict=True):
        if size != sizes[0]:
            hint = exif_hint(max(turned.values(), default=1)) if size == sizes[0][::-1] else ""
            raise DatasetError(
                f"{release_dir / images / files[name]} is {size[0]}x{size[1]} px (height x width), the "
                f"first frame of its video {sizes[0][0]}x{sizes[0][1]}{hint}; expected one size, fetch the "
                "video again"
            )
    return FrameFolder(
        images, tuple(frame_names), tuple(files[name] for name in frame_names), sizes[0], turned
    )


def exif_hint(orientation: int) -> str:
    """Words for a message about two sizes; none for a picture that is upright.

    Args:
        orientation: of EXIF.
    """
    if orientation not in TURNS:
        return ""
    return (
        f" (EXIF, orientation {orientation}, asks to show the picture {TURNS[orientation]}: pixels are used "
        "as stored, masks must be drawn on these)"
    )


def frame_header(path: Path) -> ImageHeader:
    """The header of an image file.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not a JPEG or PNG file, or too large to be decoded.
    """
    header = image_header(path)
    if header.height * header.width > MAX_PIXELS:
        raise DatasetError(
            f"{path} claims to be {header.width}x{header.height} px, more than {MAX_PIXELS} in all"
        )
    return header


def frame_files(
    release_dir: Path, images: str, frame_names: Sequence[str], suffix: str = ".jpg"
) -> tuple[Path, ...]:
    """Where the frames of one video lie; those that are not there, with the suffix that is expected."""
    files = image_files(release_dir / images)
    return tuple(release_dir / images / files.get(name, name + suffix) for name in frame_names)


def as_video(
    frames: FrameFolder,
    *,
    video_id: str,
    split: str,
    expressions: tuple[Expression, ...],
    fps: float | None,
    masks: Mapping[tuple[int, int], Rle],
    annotated: Sequence[bool],
    categories: Mapping[int, str | None],
) -> Video:
    """The record of one video. Its objects are those that have a mask or that an expression means.

    Args:
        frames: the frames.
        video_id: the official id.
        split: the split.
        expressions: the expressions.
        fps: frames per second.
        masks: (object id, frame index) -> mask.
        annotated: for each frame whether it is annotated.
        categories: object id -> category, as far as there is one.
    """
    object_ids = {object_id for object_id, _ in masks} | objects_meant(expressions)
    return Video(
        video_id=video_id,
        split=split,
        height=frames.size[0],
        width=frames.size[1],
        fps=fps,
        source=frames.images,
        frames=tuple(
            Frame(name=name, annotated=known, path=f"{frames.images}/{file}")
            for name, file, known in zip(frames.names, frames.files, annotated, strict=True)
        ),
        objects=tuple(Object(object_id=i, category=categories.get(i)) for i in sorted(object_ids)),
        expressions=expressions,
        masks=masks,
    )


def read_video(
    release_dir: Path,
    *,
    video_id: str,
    split: str,
    images: str,
    frame_names: Sequence[str],
    expressions: tuple[Expression, ...],
    fps: float | None,
    annotations: Path | None,
    all_annotated: bool,
    categories: Mapping[int, str | None],
    objects: Collection[int] | None = None,
) -> ReadVideo:
    """Everything about one video whose masks are PNG files.

    Args:
        release_dir: the release.
        video_id: the official id.
        split: the split.
        images: the folder with the frames, relative to `release_dir`, with `/`.
        frame_names: the stems of the image files, in order.
        expressions: the expressions.
        fps: frames per second.
        annotations: the folder with the annotation PNGs; None where they are hidden.
        all_annotated: whether every frame must have a PNG.
        categories: object id -> category, as far as there is one.
        objects: the objects of the video, where an index lists them.

    Raises:
        MissingPathError: a frame or an annotation is missing.
        DatasetError: a file is damaged, a frame or a mask has another size than the first frame, or a mask
            shows an object that the index does not list.
    """
    frames = open_frames(release_dir, images, frame_names)
    masks: dict[tuple[int, int], Rle] = {}
    annotated: tuple[bool, ...] = (False,) * len(frame_names)
    problems = frames.problems
    if annotations is not None:
        masks, annotated = read_annotations(
            annotations,
            frame_names,
            frames.size,
            all_frames=all_annotated,
            objects=objects,
            meant=objects_meant(expressions),
            hint=frames.exif_hint(frames.size[::-1]),
        )
        problems += _turned_annotations(annotation_files(annotations, frame_names, all_frames=False))
    video = as_video(
        frames,
        video_id=video_id,
        split=split,
        expressions=expressions,
        fps=fps,
        masks=masks,
        annotated=annotated,
        categories=categories,
    )
    return ReadVideo(video, problems)


def _turned_annotations(paths: Sequence[Path]) -> tuple[str, ...]:
    turned = {path.name: turn for path in paths if (turn := orientation_of_png(path)) != 1}
    if not turned:
        return ()
    said = say_turned(turned, len(paths), f"annotations in {paths[0].parent}")
    return () if said is None else (said,)


def with_frames(
    release_dir: Path, split: str, entries: Mapping[str, VideoEntry]
) -> tuple[dict[str, VideoEntry], str | None]:
    """The videos of a split that have a folder in `<split>/JPEGImages`, and what to say about the others.

    Args:
        release_dir: the release.
        split: the split and its folder.
        entries: the videos that the index lists.

    Returns:
        The videos that are there, and a sentence about those that are not, if any.
    """
    images = release_dir / split / "JPEGImages"
    missing = entries.keys() - folder_names(images)
    if not missing:
        return dict(entries), None
    return {video_id: entry for video_id, entry in entries.items() if video_id not in missing}, (
        f"{split}/JPEGImages lacks {len(missing)} of the {len(entries)} videos of {split} "
        f"({some(missing)}); they are left out, is the download complete?{_nested(images)}"
    )


def _nested(images: Path) -> str:
    """Where the frames are, if an archive was extracted one folder too deep or beside its place."""
    for other in (images / images.name, images.parent / images.parent.name / images.name):
        if other.is_dir():
            return f" (there is {other}: move it up)"
    return ""
