"""Photos: what strangers send becomes a small JPEG that holds nothing but the picture (R85)."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

from staffroll.errors import Invalid, Malformed

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""What may be sent, and what Pillow calls it; no other decoder is ever tried."""

SENT_MAX_BYTES: Final = 5 * 1024 * 1024
SENT_MAX_PIXELS: Final = 25_000_000
"""Some 100 MB when decoded."""

_SCANS_MAX: Final = 100
"""Of a JPEG: encoders make about ten. Each one goes over all pixels, and takes fifty bytes."""
_SCAN: Final = b"\xff\xda"

MEDIA_TYPE: Final = "image/jpeg"
SIDE_MAX_PIXELS: Final = 1024
_QUALITY: Final = 85

# Pillow's own limit, for what it checks while it opens a file: an error from twice as many
# pixels on, a warning below, which are refused here anyway.
Image.MAX_IMAGE_PIXELS = SENT_MAX_PIXELS


class PhotoUnreadable(Malformed):
    code = "photo_unreadable"
    wording = "This is not an image of the type that it is sent as, or it is damaged."


class PhotoAnimated(Invalid):
    code = "photo_animated"
    wording = "Send a single picture, not an animation."


class PhotoTooLarge(Invalid):
    code = "photo_too_large"
    wording = "The image has more than {max} pixels."

    def __init__(self) -> None:
        super().__init__(max=SENT_MAX_PIXELS)


def redrawn(data: bytes, media_type: str) -> bytes:
    """The picture as a JPEG, upright, at most 1024 pixels on each side, without metadata.

    What it is and how large is read before anything is decoded.

    Args:
        media_type: One of `FORMATS`.
    Raises:
        PhotoUnreadable: It is no such image, its end is missing, or decoding it takes too long.
        PhotoAnimated: It has more than one frame.
        PhotoTooLarge: Decoding it would take too much memory.
    """
    if media_type == "image/jpeg" and data.count(_SCAN) > _SCANS_MAX:
        raise PhotoUnreadable
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[media_type]]) as sent:
            _check(sent, media_type)
            return _redrawn(sent)
    except (PhotoUnreadable, PhotoAnimated, PhotoTooLarge):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLarge from error
    except Exception as error:  # decoders stumble over strangers' bytes in ways nobody has listed
        raise PhotoUnreadable from error


def _check(sent: Image.Image, media_type: str) -> None:
    if sent.width * sent.height > SENT_MAX_PIXELS:
        raise PhotoTooLarge
    # Cameras put a preview into a JPEG as a second frame; that is no animation.
    if media_type != "image/jpeg" and getattr(sent, "is_animated", False):
        raise PhotoAnimated


def _redrawn(sent: Image.Image) -> bytes:
    # JPEG alone can be decoded at a fraction of its size.
    sent.draft("RGB", (SIDE_MAX_PIXELS, SIDE_MAX_PIXELS))
    sent.thumbnail((SIDE_MAX_PIXELS, SIDE_MAX_PIXELS))
    upright = ImageOps.exif_transpose(sent)
    with_alpha = upright.convert("RGBA")
    # A new picture: what else the old one carries (EXIF, comments, profiles) stays behind.
    drawn = Image.new("RGB", upright.size, "white")
    drawn.paste(with_alpha, mask=with_alpha)
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
