"""The child process that decodes pictures: `python -m localex.media.child`.

It gets bytes that strangers made, so it gives itself as little as it can: bounded memory and processor time, no way to
write a file, three decoders. It knows neither Django nor the database, so it also starts in a tenth of a second.

Conversation over standard input and output, any number of times, ended by the end of the input:

    request   one line {"length": BYTES}, then the picture
    answer    one line {"width", "height", "placeholder", "lengths": [BYTES, ...]}, then the WebP files of `SIZES`
              or one line {"reason": "a sentence for people"}
"""

import base64
import json
import resource
import signal
import sys
from typing import Any, BinaryIO

from localex.media.formats import MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE, SIZES, sniff

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10
PLACEHOLDER_SIDE = 24
QUALITY = 80
# 2 of 6: half the time of libwebp's default 4 for files 4 % larger (measured at 1,200 px).
EFFORT = 2

LOADERS = {
    "jpeg": ("VipsForeignLoadJpeg", "jpegload_buffer"),
    "png": ("VipsForeignLoadPng", "pngload_buffer"),
    "webp": ("VipsForeignLoadWebp", "webpload_buffer"),
}


class Refused(Exception):
    """The picture cannot be used; the message is a sentence for people."""


def confine() -> None:
    """Give up what decoding does not need. Memory and file limits hold for good, processor time for each picture."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # libvips would spill large pictures to a temporary file; with this limit it fails instead.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def allow_time() -> None:
    """`CPU_SECONDS` more from now; the kernel kills the process when they are used up."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + CPU_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def load_vips() -> Any:
    """libvips with one thread, no cache between pictures, and every decoder blocked but the three."""
    import pyvips

    pyvips.cache_set_max(0)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for operation, _ in LOADERS.values():
        pyvips.operation_block_set(operation, False)
    return pyvips


def _check_header(vips: Any, content: bytes, kind: str) -> bool:
    """Refuse by the header alone, before a single pixel is decoded; say whether a colour profile has to be applied."""
    loader = getattr(vips.Image, LOADERS[kind][1])
    image = loader(content, access="sequential")
    longer, shorter = max(image.width, image.height), min(image.width, image.height)
    if image.width * image.height > MAX_PIXELS or longer > MAX_SIDE:
        raise Refused("This picture has too many pixels. Up to 40 megapixels are possible.")
    if shorter < MIN_SIDE:
        raise Refused(f"This picture is too small. It needs at least {MIN_SIDE} pixels on each side.")
    return bool(image.get_typeof("icc-profile-blob"))


def _upright(vips: Any, content: bytes, *, has_profile: bool) -> Any:
    """The first frame, turned upright, in 8-bit sRGB without transparency, at the largest of `SIZES` or less."""
    side = max(SIZES)
    # Most pictures have no profile of their own, and preparing the conversion costs 190 ms.
    colours = {"output_profile": "srgb", "intent": "perceptual"} if has_profile else {}
    # As an option of the loader: thumbnail_buffer's own fail_on lets pictures pass that break off (libvips 8.18).
    image = vips.Image.thumbnail_buffer(
        content, side, height=side, size="down", option_string="fail_on=error", **colours
    )
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=[255, 255, 255])
    return image.cast("uchar").copy_memory()


def _encoded(image: Any, quality: int) -> bytes:
    return bytes(image.webpsave_buffer(Q=quality, effort=EFFORT, keep="none"))


def _placeholder(image: Any) -> str:
    """A data URI of a few hundred bytes: the picture at 24 pixels, blurred."""
    tiny = image.thumbnail_image(PLACEHOLDER_SIDE, height=PLACEHOLDER_SIDE).gaussblur(1.0)
    return "data:image/webp;base64," + base64.b64encode(_encoded(tiny, 30)).decode()


def render(vips: Any, content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The answer's header and the WebP files of `SIZES`. Refused with a reason otherwise."""
    kind = sniff(content)
    if kind is None:
        raise Refused("This is not a JPEG, PNG or WebP picture.")
    try:
        has_profile = _check_header(vips, content, kind)
        largest = _upright(vips, content, has_profile=has_profile)
        files = [
            _encoded(
                largest if side == max(SIZES) else largest.thumbnail_image(side, height=side, size="down"), QUALITY
            )
            for side in SIZES
        ]
        placeholder = _placeholder(largest)
    except vips.Error as error:
        raise Refused(_reason(str(error))) from error
    header = {"width": largest.width, "height": largest.height, "placeholder": placeholder}
    return {**header, "lengths": [len(file) for file in files]}, files


def _reason(error: str) -> str:
    if "memory" in error or "allocate" in error:
        return "This picture needs too much memory to open. Save it again in a simpler form and try once more."
    return "This picture is damaged or incomplete. Try to save it again, or take a new one."


def _read_request(source: BinaryIO) -> bytes | None:
    line = source.readline(200)
    if not line:
        return None
    length = int(json.loads(line)["length"])
    if not 0 <= length <= MAX_BYTES:
        raise ValueError(f"a request of {length} bytes")
    return source.read(length)


def converse(source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until the input ends."""
    vips = load_vips()
    confine()
    while (content := _read_request(source)) is not None:
        allow_time()
        files: list[bytes] = []
        try:
            header, files = render(vips, content)
        except Refused as refusal:
            header = {"reason": str(refusal)}
        except MemoryError:
            header = {"reason": _reason("memory")}
        target.write(json.dumps(header).encode() + b"\n")
        target.writelines(files)
        target.flush()


if __name__ == "__main__":
    converse(sys.stdin.buffer, sys.stdout.buffer)
