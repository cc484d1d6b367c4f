"""JSON files as a source of predictions; memory holds texts of 512 MB and the masks of one video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.runs.tolerance import Tolerance
from rvosbench.submission.forms.detections import Detections
from rvosbench.submission.forms.instead import nothing_to_read
from rvosbench.submission.forms.json_text import MOST_BYTES, Scanner, read_json_text
from rvosbench.submission.forms.meaning import record_id, refuse_other_words
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.pieces import Piece, Pieces
from rvosbench.submission.forms.tracks import add_answer, add_record
from rvosbench.submission.sources import PredictionSource, VideoRows
from rvosbench.submission.trees import Name, Tree
from rvosbench.types import Video


class JsonSource(PredictionSource):
    """Results in any of the forms that `rvosbench.submission.forms.pieces` lists."""

    def __init__(
        self, tree: Tree, files: Sequence[Name], root: str, names: Names, tolerance: Tolerance
    ) -> None:
        """Index the files; each is decoded once, and again where a video is read.

        Args:
            tree: where they lie.
            files: their path parts, at least one.
            root: what to call all of them in an error.
            names: of the store.
            tolerance: what may be wrong with them.

        Raises:
            FormatError: a file is no JSON, or too large.
            ScoreError: none holds masks, or their keys belong to nothing in the store.
        """
        self._tree = tree
        self._files = sorted(files)
        self._names = names
        self._tolerance = tolerance
        self._held: dict[
            int, str
        ] = {}  # texts by the number of the file, the one that was used last at the end
        pieces, notes = Pieces(names), []
        for number, name in enumerate(self._files):
            where = "/".join(name)
            answers = pieces.add_document(number, Scanner(self._text(number), where), name)
            if truths := pieces.truths[number]:
                notes.append(f"{where}: {truths} annotations are ground truth and left out")
            elif not answers:
                notes.append(f"{where} holds no masks and is no source of predictions")
        if not pieces.count():
            truth = pieces.truths.total() > 0
            raise ScoreError(nothing_to_read(root, truth=truth, sizeless=pieces.sizeless))
        pieces.finish()
        self._pieces = pieces.by_video
        self.forms = tuple(sorted(pieces.forms))
        self.notes = tuple(notes)

    def video_ids(self) -> tuple[str, ...]:
        """See `PredictionSource`."""
        return tuple(sorted(self._pieces))

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        detections = Detections(video, self._tolerance)
        for piece in self._pieces.get(video.video_id, ()):
            where = "/".join(self._files[piece.document])
            value = Scanner(self._text(piece.document), where, piece.position).value()
            if piece.is_record:
                assert piece.asked_id is not None
                self._record(detections, piece, value, where)
            elif piece.asked_id is not None:
                label = f"{where}, expression {piece.asked_id} of video {video.video_id}"
                add_answer(detections, piece.asked_id, value, label)
            else:
                self._mapping(detections, value, where)
        return detections.rows()

    def __getstate__(self) -> dict[str, Any]:
        # Other processes read the file again; it may be large.
        return self.__dict__ | {"_held": {}}

    def _text(self, document: int) -> str:
        if document not in self._held:
            room = MOST_BYTES - self._tree.size_of(self._files[document])
            while self._held and sum(map(len, self._held.values())) > room:
                del self._held[next(iter(self._held))]
            self._held[document] = read_json_text(self._tree, self._files[document])
        text = self._held[document] = self._held.pop(document)
        return text

    def _record(self, detections: Detections, piece: Piece, record: dict[str, Any], where: str) -> None:
        assert piece.asked_id is not None
        label = f"{where}, a mask of expression {piece.asked_id} of video {detections.video.video_id}"
        if piece.frame is not None or "image_id" in record:
            frame = piece.frame if piece.frame is not None else _only_frame(detections.video, label)
            mask = {key: record[key] for key in record if key not in ("frames", "frame", "file_name")}
            names = [frame if isinstance(frame, str) else detections.frame_names.name_of(frame)]
            add_record(detections, piece.asked_id, {**mask, "frames": names}, label)
        else:
            add_record(detections, piece.asked_id, record, label)

    def _mapping(self, detections: Detections, value: object, where: str) -> None:
        """What stands under a video: expressions with their masks, or a list of records."""
        video = detections.video
        where = f"{where}, video {video.video_id}"
        frames = None
        known = self._names.asked.get(video.video_id, {})
        if isinstance(value, dict) and "expressions" in value and "expressions" not in known:
            frames, value = value.get("frames"), value["expressions"]
        if isinstance(value, dict):
            for asked_id, answer in value.items():
                label = f"{where}, expression {shown(asked_id)}"
                if isinstance(answer, dict):
                    _refuse_other_names(answer, video.video_id, asked_id, label)
                    refuse_other_words(answer, asked_id, known, f"{label}: its id")
                add_answer(detections, asked_id, answer, label, frames)
            return
        if not isinstance(value, list):
            raise ScoreError(f"{where} holds {shown(value)}; expected masks by expression")
        for number, record in enumerate(value):
            label = f"{where}, entry {number}"
            asked_id = (
                record_id(record, video.video_id, self._names, label) if isinstance(record, dict) else None
            )
            if asked_id is None:
                raise ScoreError(f"{label} is {shown(record)}; expected an object with exp_id and masks")
            add_record(detections, asked_id, record, label)


def _only_frame(video: Video, where: str) -> str:
    """The frame of a still picture; of a longer video the one that is annotated."""
    frames = [frame for frame in video.frames if frame.annotated] or list(video.frames)
    if len(frames) != 1:
        raise ScoreError(
            f"{where} does not say which of the {len(frames)} annotated frames it is of; expected an "
            "image_id v_<video>_f_<frame>_i_<instance>"
        )
    return frames[0].name


def _refuse_other_names(answer: dict[str, Any], video_id: str, asked_id: str, where: str) -> None:
    """Records repeat where they belong; where they say something else, one of the two is wrong."""
    for keys, expected in ((("video_id",), video_id), (("exp_id", "expression_id"), asked_id)):
        for key in keys:
            if isinstance(answer.get(key), str | int) and str(answer[key]) != expected:
                raise ScoreError(
                    f"{where} says that its {key} is {shown(answer[key])}; were results mixed up? expected "
                    f"{shown(expected)}"
                )
