"""Items of the scratch workspace that no command makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "tests" / "goldens" / "soc"


def workspace_file(path: Path) -> None:
    """The rvos.toml that `rvos init` writes, with a preset that a test can train."""
    from tests.docs.running import run_rvos

    assert run_rvos(["init", str(path.parent), "--quiet"]).code == 0
    path.write_text(path.read_text() + '\n[models.soc]\npreset = "soc-demo"\n')


def holiday(path: Path) -> None:
    """Four frames of an mp4."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for position in range(4):
            frame = av.VideoFrame.from_ndarray(_picture(position), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def frames(folder: Path) -> None:
    """Two PNG frames."""
    folder.mkdir()
    for position in range(2):
        Image.fromarray(_picture(position)).save(folder / f"{position:05d}.png")


def davis_results(folder: Path) -> None:
    """Palette PNGs of another program about the objects of stores/davis, a bit beside the truth."""
    from rvosbench import masks
    from rvosbench.store import Store
    from rvosbench.types import VOID

    store = Store.open(Path("stores/davis"))
    (split,) = [name for name in store.splits if name == "val"]
    for video_id in store.video_ids(split):
        video = store.video(split, video_id)
        void = {thing.object_id for thing in video.objects if thing.category == VOID}
        (folder / video_id).mkdir(parents=True)
        for index, frame in enumerate(video.frames):
            labels = np.zeros((video.height, video.width), np.uint8)
            for (object_id, at), mask in video.masks.items():
                if at == index and object_id not in void:
                    labels[np.roll(masks.decode(mask), 2, axis=1)] = object_id
            (folder / video_id / f"{frame.name}.png").write_bytes(masks.encode_index_png(labels))


def original_checkpoint(path: Path) -> None:
    """A checkpoint file as the original SOC writes it, of a very small model."""
    import torch

    from tests.goldens.soc.recordings import Recordings

    state = {name: value.float() for name, value in Recordings(GOLDENS).state().items()}
    torch.save({"epoch": 19, "model_state_dict": state}, path)


def text_encoder(folder: Path) -> None:
    """The text encoder's files of that model, in a folder called as the one on the hub."""
    shutil.copytree(GOLDENS / "tokenizer", folder)


def _picture(position: int) -> np.ndarray:
    pixels = np.full((48, 64, 3), 90, np.uint8)
    pixels[12:30, 4 + 3 * position : 24 + 3 * position] = (200, 60, 40)
    return pixels
