from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from staffroll.errors import StaffrollError
from staffroll_people.domain.photos import (
    SENT_MAX_PIXELS,
    SIDE_MAX_PIXELS,
    PhotoAnimated,
    PhotoTooLarge,
    PhotoUnreadable,
    redrawn,
)
from tests.unit.people import pictures
from tests.unit.people.pictures import a_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("media_type, kind", KINDS.items())
def test_r85_every_photo_becomes_a_jpeg(media_type: str, kind: str) -> None:
    photo = opened(redrawn(a_picture(kind), media_type))

    assert (photo.format, photo.mode, photo.size) == ("JPEG", "RGB", (40, 20))


def test_r85_a_large_photo_becomes_small_in_its_proportions() -> None:
    photo = opened(redrawn(a_picture("JPEG", (4000, 3000)), "image/jpeg"))

    assert photo.size == (SIDE_MAX_PIXELS, SIDE_MAX_PIXELS * 3 // 4)


@pytest.mark.parametrize("media_type, kind", KINDS.items())
def test_r85_place_camera_and_comments_are_gone(media_type: str, kind: str) -> None:
    sent = pictures.with_exif(kind)
    assert b"SecretCamera" in sent

    data = redrawn(sent, media_type)

    photo = opened(data)
    assert dict(photo.getexif()) == {}
    assert set(photo.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Secret" not in data
    assert b"Exif" not in data


def test_r85_a_jpeg_that_draws_itself_again_and_again_is_refused_before_it_is_decoded() -> None:
    sent = a_picture("JPEG", (400, 300), progressive=True)
    scan = sent[sent.rindex(b"\xff\xda") : -2]
    again = sent[:-2] + 50_000 * scan + sent[-2:]

    assert opened(redrawn(sent, "image/jpeg")).size == (400, 300)
    with pytest.raises(PhotoUnreadable):
        redrawn(again, "image/jpeg")


def test_r85_a_photo_is_turned_upright_before_that_is_forgotten() -> None:
    photo = opened(redrawn(pictures.with_exif(orientation=6), "image/jpeg"))

    top, bottom = photo.getpixel((10, 5)), photo.getpixel((10, 35))
    assert photo.size == (20, 40)
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[2] > 200 > bottom[2]


@pytest.mark.parametrize(
    "kind, mode, color",
    [
        ("PNG", "RGBA", (0, 0, 0, 0)),
        ("PNG", "LA", (0, 0)),
        ("PNG", "P", 0),
        ("PNG", "1", 1),
        ("PNG", "I;16", 65535),
        ("JPEG", "CMYK", (0, 0, 0, 0)),
        ("JPEG", "L", 255),
        ("WEBP", "RGBA", (0, 0, 0, 0)),
    ],
)
def test_r85_pictures_of_every_mode_are_taken(kind: str, mode: str, color: Any) -> None:
    media_type = next(name for name, known in KINDS.items() if known == kind)

    photo = opened(redrawn(a_picture(kind, mode=mode, color=color), media_type))

    assert photo.mode == "RGB"


def test_r85_what_is_transparent_becomes_white() -> None:
    sent = a_picture("PNG", mode="RGBA", color=(0, 0, 0, 0))

    assert opened(redrawn(sent, "image/png")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data, media_type",
    [
        (b"", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (SVG, "image/png"),
        (b"GIF89a" + b"\0" * 100, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 1000, "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/jpeg"),
        (b"MZ" + b"\x90" * 500, "image/jpeg"),
        (b"{}", "image/webp"),
        (a_picture("GIF", mode="P", color=0), "image/png"),
        (a_picture("TIFF"), "image/jpeg"),
        (a_picture("BMP"), "image/png"),
        (a_picture("PNG"), "image/jpeg"),
        (a_picture("JPEG"), "image/webp"),
    ],
)
def test_r85_what_is_no_such_image_is_refused(data: bytes, media_type: str) -> None:
    with pytest.raises(PhotoUnreadable):
        redrawn(data, media_type)


@pytest.mark.parametrize("media_type, kind", KINDS.items())
def test_r85_an_image_whose_end_is_missing_is_refused(media_type: str, kind: str) -> None:
    whole = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(whole, kind)
    data = whole.getvalue()

    for length in (len(data) // 2, len(data) // 4, 60, 20):
        with pytest.raises(PhotoUnreadable):
            redrawn(data[:length], media_type)


@pytest.mark.parametrize("media_type, kind", KINDS.items())
def test_r85_damaged_images_are_refused_or_redrawn_and_nothing_else(
    media_type: str, kind: str
) -> None:
    good = a_picture(kind, (60, 60))

    for position in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[position] ^= 0xFF

        outcome = _outcome(bytes(damaged), media_type)

        assert outcome == "JPEG" or outcome.startswith("photo_")


@pytest.mark.parametrize("media_type, kind", [("image/png", "PNG"), ("image/webp", "WEBP")])
def test_r85_animations_are_refused(media_type: str, kind: str) -> None:
    with pytest.raises(PhotoAnimated):
        redrawn(pictures.an_animation(kind), media_type)


def test_r85_a_camera_s_jpeg_with_a_preview_in_it_is_taken() -> None:
    frames = [Image.new("RGB", (40, 20), "red"), Image.new("RGB", (4, 2), "red")]
    sent = io.BytesIO()
    frames[0].save(sent, "MPO", save_all=True, append_images=frames[1:])

    assert opened(redrawn(sent.getvalue(), "image/jpeg")).size == (40, 20)


@pytest.mark.parametrize("side", [40_000, 60_000])
def test_r85_a_small_file_of_gigabytes_is_refused_without_decoding_it(side: int) -> None:
    bomb = pictures.a_png_bomb(side, side)
    assert len(bomb) < 1_000_000

    code, megabytes = _in_a_process_of_its_own(bomb, "image/png")

    assert code == "photo_too_large"
    assert megabytes < 20


@pytest.mark.parametrize(
    "data, media_type",
    [
        (pictures.a_webp_header(16_000, 16_000), "image/webp"),
        (pictures.a_jpeg_of_claimed_size(65_000, 65_000), "image/jpeg"),
        (pictures.a_jpeg_of_claimed_size(6_000, 6_000), "image/jpeg"),
        (pictures.a_png_with_a_text_bomb(), "image/png"),
    ],
)
def test_r85_what_claims_to_be_huge_takes_no_memory(data: bytes, media_type: str) -> None:
    code, megabytes = _in_a_process_of_its_own(data, media_type)

    assert code in ("photo_too_large", "photo_unreadable")
    assert megabytes < 20


def test_r85_just_too_many_pixels_are_too_many() -> None:
    with pytest.raises(PhotoTooLarge):
        redrawn(pictures.a_png_bomb(5_001, 5_000), "image/png")

    assert SENT_MAX_PIXELS == 5_000 * 5_000
    assert redrawn(pictures.a_png_bomb(5_000, 5_000), "image/png")


def _outcome(data: bytes, media_type: str) -> str:
    try:
        return str(opened(redrawn(data, media_type)).format)
    except StaffrollError as refused:
        return refused.code


_MEASURED = """
import resource, sys
from staffroll.errors import StaffrollError
from staffroll_people.domain.photos import redrawn

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

data = sys.stdin.buffer.read()
before = peak()
try:
    redrawn(data, sys.argv[1])
    print("taken", peak() - before)
except StaffrollError as refused:
    print(refused.code, peak() - before)
"""


def _in_a_process_of_its_own(data: bytes, media_type: str) -> tuple[str, float]:
    """What became of it, and by how much the process grew meanwhile."""
    command = [sys.executable, "-W", "ignore", "-c", _MEASURED, media_type]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
    code, megabytes = done.stdout.decode().split()
    return code, float(megabytes)
