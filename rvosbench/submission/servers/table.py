"""The servers that a zip can be made for, and what is known about each."""

from __future__ import annotations

from collections.abc import Mapping

from rvosbench.errors import UnknownNameError
from rvosbench.plugins.registry import unknown
from rvosbench.submission.servers.server import Layout, Server

_MEVIS = Server(
    name="mevis",
    title="MeViS and MeViSv2 (Codabench 11420)",
    layouts=(Layout(template="{video}/{expression}/{frame}.png", unit="expression", content="binary"),),
    datasets=("mevis",),
    source="the published inference script of the 2026 winner of MeViS-Text, which writes this zip",
    unverified="The server's own code is not public: what it does with grey values other than 0 and 255, "
    "and what its final figure is, were not found.",
)

_MOSEV2 = Server(
    name="mosev2",
    title="MOSEv2 (Codabench 10062)",
    layouts=(Layout(template="{video}/{frame}.png", unit="object", content="labels"),),
    datasets=("mose", "mosev2"),
    one_folder_around=True,
    # It counts the files of a folder: a missing or surplus one moves all frames that follow.
    source="MOSEv2/sam2_rcms/tools/score.py of henghuiding/MOSE-api: one folder around is entered, a video "
    "that is missing scores 0, a frame that is missing stops it",
    unverified="That the server runs this published script is assumed.",
)

_YTVOS = Server(
    name="ytvos",
    title="Refer-YouTube-VOS (CodaLab, closed)",
    layouts=(
        Layout(template="Annotations/{video}/{expression}/{frame}.png", unit="expression", content="binary"),
    ),
    datasets=("ytvos",),
    is_open=False,
    source="inference_ytvos.py of wjn922/ReferFormer, whose folder has to be renamed to Annotations",
    unverified="The server is closed since December 2025, its code was never published. The zip is still "
    "what people exchange.",
)

_DAVIS = Server(
    name="davis",
    title="Ref-DAVIS17 and DAVIS 2017 (davis2017-evaluation)",
    layouts=(
        Layout(template="{annotator}/{video}/{frame}.png", unit="annotator", content="labels"),
        Layout(template="{video}/{frame}.png", unit="object", content="labels"),
    ),
    datasets=("davis",),
    source="davis2017-evaluation, which is run once per annotator; for the unsupervised DAVIS server, which "
    "wants the sequences at the top of the zip, its error in codalab/codalab-competitions#2709",
    unverified="Ref-DAVIS17 has no server of its own; the zip holds what the official code is run on.",
)

_LVVIS = Server(
    name="lvvis",
    title="LV-VIS (Codabench 1748)",
    layouts=(Layout(template="results.json", unit="expression", content="youtube-vis"),),
    datasets=("lvvis",),
    source="lvvis_eval.py of haochenheheda/LVVIS, which writes video_id, category_id, score and "
    "segmentations; the name of the file is the one that it writes",
    unverified="What the server itself reads was not found.",
)

SERVERS: Mapping[str, Server] = {server.name: server for server in (_MEVIS, _MOSEV2, _YTVOS, _DAVIS, _LVVIS)}
"""Name -> server."""


def find_server(name: str | Server) -> Server:
    """A server by its name.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if isinstance(name, Server):
        return name
    if name not in SERVERS:
        raise UnknownNameError(unknown("server", name, list(SERVERS)))
    return SERVERS[name]


def server_of_dataset(dataset: str) -> Server | None:
    """The server that scores a dataset, by its name on the command line; None if none is known."""
    fitting = [server for server in SERVERS.values() if dataset in server.datasets]
    return fitting[0] if len(fitting) == 1 else None
