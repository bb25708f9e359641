"""Pictures of all kinds, good and bad, as strangers might send them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

PLACE_OF_THE_PHOTO = (52.0, 31.0, 12.0)


def a_picture(
    kind: str = "JPEG",
    size: tuple[int, int] = (40, 20),
    color: Any = (200, 30, 30),
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **options)
    return out.getvalue()


def with_exif(kind: str = "JPEG", *, orientation: int = 1) -> bytes:
    """A wide picture, its left half blue, with a place and a camera noted in it."""
    picture = Image.new("RGB", (40, 20), (200, 30, 30))
    picture.paste((0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: PLACE_OF_THE_PHOTO, 3: "E", 4: PLACE_OF_THE_PHOTO})
    out = io.BytesIO()
    picture.save(out, kind, exif=exif, quality=95, comment=b"SecretComment")
    return out.getvalue()


def an_animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def a_png_bomb(width: int, height: int) -> bytes:
    """A valid PNG of one colour: some hundred kilobytes that decode to `width` x `height`."""
    row = b"\0" + b"\0" * ((width + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b"")]
    )


def a_png_with_a_text_bomb() -> bytes:
    """A tiny PNG with a compressed comment of 100 MB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"x" * 1_000_000) for _ in range(100)) + packer.flush()
    png = a_picture("PNG")
    text = _chunk(b"zTXt", b"Comment\0\0" + packed)
    return png[:33] + text + png[33:]


def a_webp_header(width: int, height: int) -> bytes:
    """The beginning of an extended WebP of that size; nothing follows."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def a_jpeg_of_claimed_size(width: int, height: int) -> bytes:
    """A small JPEG whose header says that it is large."""
    jpeg = bytearray(a_picture("JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
