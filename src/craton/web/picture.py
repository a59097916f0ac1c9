"""Pictures of grids: from pixels and a style to colours, and to the bytes of a PNG, WebP or JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.store.grid_window import Frame, Grid, Pixels, Selection
from craton.web.colour import SHADES, Colours, palette, rgb_of, shades
from craton.web.picture_relief import light
from craton.web.picture_style import Bands, Classes, GridStyle, Ramp

PNG, WEBP, JPEG = "image/png", "image/webp", "image/jpeg"

TYPES = {"png": PNG, "webp": WEBP, "jpeg": JPEG}
"""Media types of pictures by their short names."""

MOST_PIXELS = 8_000_000
"""Pixels of one picture at most."""

COMPRESSION = 1
"""Effort of PNG: a little less of it sends a few more bytes, and pictures are made faster."""

QUALITY = 85


@dataclass(frozen=True)
class Shaded:
    """A picture of few colours.

    Parameters
    ----------
    places : array (height, width) of uint8
        Colour of each pixel: 0 is nothing, 1 is the first of `colours`.
    colours : array (n, 3) of uint8
        At most 255.
    is_exact : bool
        Whether no colour may change, as they stand for classes.
    """

    places: Colours
    colours: Colours
    is_exact: bool = False

    def image(self) -> Image.Image:
        """The picture for Pillow, its first colour transparent."""
        image = Image.frombuffer(
            "P", self.places.shape[::-1], np.ascontiguousarray(self.places), "raw", "P", 0, 1
        )
        image.putpalette(b"\0\0\0" + self.colours.tobytes())
        image.info["transparency"] = 0
        return image


@dataclass(frozen=True)
class Painted:
    """A picture of many colours: array (height, width, 4) of uint8, the last being how opaque it is."""

    colours: Colours

    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return Image.fromarray(np.ascontiguousarray(self.colours), "RGBA")


Picture = Shaded | Painted


def check_size(width: int, height: int) -> None:
    """Refuse pictures of too many pixels."""
    if width * height > MOST_PIXELS:
        raise InvalidError(f"a picture may have {MOST_PIXELS:,} pixels, not {width} times {height}")


def draw_grid(grid: Grid, style: GridStyle, frame: Frame, selection: Selection) -> Picture:
    """Picture of a grid in its style."""
    check_size(frame.width, frame.height)
    if isinstance(style, Bands):
        return _bands(grid, style, frame, selection)
    if isinstance(style, Classes):
        pixels = grid.window([style.variable], frame, nearest=True, selection=selection)[0]
        return _classes(style, pixels)
    if style.light is None:
        return _ramp(style, grid.window([style.variable], frame, selection=selection)[0])
    wide = grid.window([style.variable], frame.widened(1), selection=selection)[0]
    return _relief(style, wide, frame)


def _ramp(style: Ramp, pixels: Pixels) -> Shaded:
    if pixels.valid.all():
        places = shades(pixels.values, style.stops)
        places += np.uint8(1)
    else:
        places = shades(np.where(pixels.valid, pixels.values, np.float32(style.stops[0][0])), style.stops)
        places += np.uint8(1)
        places[~pixels.valid] = 0
    return Shaded(places, palette(style.stops))


def _relief(style: Ramp, wide: Pixels, frame: Frame) -> Painted:
    """A ramp, lighter where the ground faces the light and darker where it does not."""
    assert style.light is not None
    shade = light(wide.values, wide.valid, frame, systems.is_geographic(frame.crs), style.light)
    inner = Pixels(wide.values[1:-1, 1:-1], wide.valid[1:-1, 1:-1])
    flat = _ramp(style, inner)
    colours = np.vstack([np.zeros((1, 3), np.uint8), flat.colours])[flat.places]
    lit = (colours * shade[..., np.newaxis]).clip(0, 255).astype(np.uint8)
    return _with_opacity(lit, inner.valid)


def _with_opacity(colours: Colours, valid: np.ndarray[Any, np.dtype[np.bool_]]) -> Painted:
    opaque = np.where(valid, np.uint8(255), np.uint8(0))
    return Painted(np.dstack([colours, opaque]))


def _classes(style: Classes, pixels: Pixels) -> Shaded:
    values = np.array([value for value, _, _ in style.classes[:SHADES]])
    found = np.searchsorted(values, pixels.values).clip(0, values.size - 1)
    known = pixels.valid & (values[found] == pixels.values)
    places = np.where(known, found + 1, 0).astype(np.uint8)
    colours = np.array([rgb_of(colour) for _, colour, _ in style.classes[:SHADES]], np.uint8)
    return Shaded(places, colours, is_exact=True)


def _bands(grid: Grid, style: Bands, frame: Frame, selection: Selection) -> Painted:
    pixels = grid.window(style.variables, frame, selection=selection)
    limits = style.limits or ((0.0, 255.0),) * len(pixels)
    parts = [
        ((one.values - np.float32(low)) * np.float32(255 / (high - low)) + np.float32(0.5)).clip(0, 255)
        for one, (low, high) in zip(pixels, limits, strict=True)
    ]
    valid = np.logical_and.reduce([one.valid for one in pixels])
    with np.errstate(invalid="ignore"):
        return _with_opacity(np.dstack(parts).astype(np.uint8), valid)


def encode(picture: Picture, media_type: str, *, background: tuple[int, int, int] | None = None) -> bytes:
    """Bytes of a picture; `background` stands where there is nothing, which is transparent without it."""
    image = picture.image()
    if background is None and media_type == JPEG:
        background = (255, 255, 255)
    if background is not None:
        whole = Image.new("RGB", image.size, background)
        cover = image.convert("RGBA")
        whole.paste(cover, mask=cover.getchannel("A"))
        image = whole
    out = io.BytesIO()
    if media_type == PNG:
        image.save(out, "PNG", compress_level=COMPRESSION)
    elif media_type == WEBP:
        exact = isinstance(picture, Shaded) and picture.is_exact
        image = image if image.mode == "RGB" else image.convert("RGBA")
        image.save(out, "WEBP", quality=0 if exact else QUALITY, method=0, lossless=exact)
    else:
        image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def nothing(width: int, height: int) -> Shaded:
    """A picture of nothing."""
    return Shaded(np.zeros((height, width), np.uint8), np.zeros((1, 3), np.uint8))
