"""Pictures for tests: honest ones, and forty that mean harm or are simply broken."""

import struct
import zlib
from collections.abc import Callable, Iterator

import pyvips


def plain(width: int = 320, height: int = 240, *, bands: int = 3, colour: int = 120) -> pyvips.Image:
    """One colour with a gradient across, so that encoders have something to do."""
    ramp = pyvips.Image.xyz(width, height)[0].linear(100 / width, colour)
    image = ramp.bandjoin([ramp] * (bands - 1)) if bands > 1 else ramp
    return image.cast("uchar").copy(interpretation="srgb" if bands > 2 else "b-w")


def jpeg(width: int = 320, height: int = 240, **options: object) -> bytes:
    return bytes(plain(width, height).jpegsave_buffer(Q=80, **options))


def png(width: int = 320, height: int = 240, **options: object) -> bytes:
    return bytes(plain(width, height).pngsave_buffer(**options))


def webp(width: int = 320, height: int = 240, **options: object) -> bytes:
    return bytes(plain(width, height).webpsave_buffer(Q=80, **options))


def half_red(orientation: int) -> bytes:
    """A JPEG 300 x 200 whose upper half is red, with an EXIF orientation, a GPS position and a comment."""
    red = pyvips.Image.black(300, 100, bands=3).linear(1, [255, 0, 0])
    image = red.join(pyvips.Image.black(300, 100, bands=3), "vertical").cast("uchar").copy(interpretation="srgb")
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.set_type(
        pyvips.GValue.gstr_type, "exif-ifd3-GPSLatitude", "48/1 24/1 3600/100 (48, 24, 36.00, Rational, 3, 24)"
    )
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "SECRETNAME (SECRETNAME, ASCII, 11, 11)")
    content = bytes(image.jpegsave_buffer(Q=95, keep="all"))
    comment = b"SECRETCOMMENT"
    xmp = b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>SECRETXMP</x:xmpmeta>"
    segments = b"".join(
        marker + struct.pack(">H", len(words) + 2) + words
        for marker, words in ((b"\xff\xfe", comment), (b"\xff\xe1", xmp))
    )
    return content[:2] + segments + content[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes | None = None) -> bytes:
    """A PNG by hand: its header may lie, its data may be a bomb."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(rows if rows is not None else b"\0" * min(width * 3 + 1, 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """A true PNG of one bit per pixel: a few kilobytes that unpack to gigabytes as RGB."""
    packer = zlib.compressobj(9)
    row = b"\0" * (width // 8 + 1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def lying_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims other dimensions than its data has."""
    content = bytearray(jpeg())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def lying_webp(width: int, height: int) -> bytes:
    """An extended WebP whose canvas claims to be huge."""
    inner = webp()[12:]
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (width - 1).to_bytes(3, "little")
    body = b"WEBP" + canvas + (height - 1).to_bytes(3, "little") + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animated(frames: int = 3) -> bytes:
    """An animated WebP whose first frame is dark and whose last is bright."""
    stack = pyvips.Image.arrayjoin([plain(100, 80, colour=20 + 60 * place) for place in range(frames)], across=1)
    stack = stack.copy()
    stack.set_type(pyvips.GValue.gint_type, "page-height", 80)
    return bytes(stack.webpsave_buffer(Q=80))


# Refused at the door, by type or size.
AT_THE_DOOR: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with xml head": lambda: (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
    ),
    "html": lambda: b"<!doctype html><script>alert(1)</script>",
    "php": lambda: b"<?php system($_GET[0]); ?>",
    "gif": lambda: b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "gif that is a script": lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
    "bmp": lambda: b"BM" + b"\0" * 60,
    "tiff": lambda: bytes(plain().tiffsave_buffer()),
    "pdf": lambda: b"%PDF-1.7\n1 0 obj\n",
    "zip": lambda: b"PK\x03\x04" + b"\0" * 60,
    "elf": lambda: b"\x7fELF" + b"\0" * 60,
    "avi in riff": lambda: b"RIFF\x10\x00\x00\x00AVI LIST",
    "wave in riff": lambda: b"RIFF\x10\x00\x00\x00WAVEfmt ",
    "heic": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "svg after a space": lambda: b" \n\t<svg></svg>",
    "png without its first byte": lambda: png()[1:],
    "jpeg after a line": lambda: b"\n" + jpeg(),
    "ten megabytes and one": lambda: jpeg() + b"\0" * (10 * 1024 * 1024),
}

# Looks right at the door; the child refuses it, and survives.
IN_THE_CHILD: dict[str, Callable[[], bytes]] = {
    "jpeg head only": lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "jpeg cut in the middle": lambda: jpeg(1600, 1200)[:9000],
    "large jpeg cut in the middle": lambda: jpeg(4000, 3000)[:60_000],
    "jpeg of noise": lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40,
    "jpeg that claims 65,000 pixels": lambda: lying_jpeg(65_000, 65_000),
    "png head only": lambda: b"\x89PNG\r\n\x1a\n",
    "png cut in the middle": lambda: png(800, 600, compression=0)[:20_000],
    "png with a wrong checksum": lambda: png().replace(b"IDAT", b"IDAX"),
    "png that claims 50 megapixels": lambda: png_of(10_000, 5_000),
    "png that claims two billion pixels": lambda: png_of(46_000, 46_000),
    "png of one endless row": lambda: png_of(35_000, 100),
    "png of few rows": lambda: png_of(400, 400, rows=b"\0" * 50),
    "png bomb": lambda: bomb(20_000, 20_000),
    "png of one pixel": lambda: png(1, 1),
    "webp head only": lambda: b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "webp cut in the middle": lambda: webp(1200, 900)[:400],
    "webp that claims 16,000 pixels": lambda: lying_webp(16_000, 16_000),
    "webp of noise": lambda: b"RIFF\x24\x04\x00\x00WEBPVP8L" + bytes(range(256)) * 4,
    "svg with a jpeg's first bytes": lambda: b"\xff\xd8\xff<svg xmlns='http://www.w3.org/2000/svg'/>",
    "html with a png's first bytes": lambda: b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
}


def hostile() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """All forty."""
    yield from AT_THE_DOOR.items()
    yield from IN_THE_CHILD.items()
