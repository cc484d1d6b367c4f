from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.images import decode_image, image_size

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
SMOOTH = np.repeat(np.repeat(np.arange(48, dtype=np.uint8).reshape(6, 8), 4, 0), 4, 1) * 5


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def test_png_pixels_come_back_exactly_in_rgb_order():
    assert np.array_equal(decode_image(encoded(Image.fromarray(PIXELS), "PNG"), "x"), PIXELS)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg_agrees_with_pillow(options):
    data = encoded(Image.fromarray(SMOOTH).convert("RGB"), "JPEG", quality=95, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(decode_image(data, "x") - expected).max() <= 2  # another inverse transform


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpegs_that_are_not_rgb_become_rgb(mode):
    image = Image.fromarray(SMOOTH).convert(mode)
    found = decode_image(encoded(image, "JPEG", quality=95), "x")
    assert found.shape == (24, 32, 3)
    assert np.abs(found.astype(int) - np.asarray(image.convert("RGB"))).max() <= 12


def test_exif_orientation_is_not_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    data = encoded(Image.fromarray(SMOOTH).convert("RGB"), "JPEG", exif=exif)
    assert decode_image(data, "x").shape == (24, 32, 3)


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "1", "L"])
def test_every_png_mode_becomes_rgb(mode):
    assert decode_image(encoded(Image.fromarray(PIXELS).convert(mode), "PNG"), "x").shape == (24, 32, 3)


def test_sixteen_bits_of_grey_keep_the_upper_eight():
    grey = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="PNG")
    pixels = decode_image(file.getvalue(), "grey.png")
    assert pixels[..., 0].tolist() == [[0, 0, 1], [128, 254, 255]]
    assert (pixels == pixels[..., :1]).all()


def test_transparency_of_a_palette_is_ignored_without_a_warning():
    image = Image.fromarray(PIXELS).convert("P")
    data = encoded(image, "PNG", transparency=bytes(range(200)))
    assert np.array_equal(decode_image(data, "x"), np.asarray(image.convert("RGB")))


def test_a_truncated_jpeg_is_refused_not_padded_with_grey():
    whole = encoded(Image.fromarray(PIXELS), "JPEG")
    for length in range(0, len(whole) - 2, 7):
        with pytest.raises(DatasetError, match="frame 3 cannot be decoded"):
            decode_image(whole[:length], "frame 3")


def test_damaged_files_give_pixels_or_one_line():
    rng = random.Random(0)
    for kind in ("JPEG", "PNG"):
        whole = encoded(Image.fromarray(PIXELS), kind)
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 4)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            try:
                decode_image(bytes(damaged), "x")
            except DatasetError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\xff\xd8\xff\xd9", encoded(Image.fromarray(PIXELS), "BMP")]
)
def test_other_formats_are_refused(data):
    with pytest.raises(DatasetError, match="JPEG or PNG"):
        decode_image(data, "x")


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    data = bytearray(encoded(Image.fromarray(PIXELS), "PNG"))
    data[16:24] = (9000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    with pytest.raises(DatasetError, match="claims to be 9000x9000"):
        decode_image(bytes(data), "x")


def test_the_size_comes_from_the_header(tmp_path):
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(Image.fromarray(PIXELS), "JPEG")[:700])
    assert image_size(path) == (24, 32)
    path.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="is not a JPEG or PNG file"):
        image_size(path)
    with pytest.raises(DatasetError):
        image_size(tmp_path)
    with pytest.raises(MissingPathError):
        image_size(tmp_path / "absent.jpg")
