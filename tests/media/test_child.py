"""What the child process makes of pictures, honest and hostile. No database is needed."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
import pyvips

from localex.media import child
from localex.media.decoder import Decoder, Rendered, render
from localex.media.errors import DecoderDied, PhotoRefused
from localex.media.formats import MAX_BYTES, SIZES, sniff
from tests.media import pictures

SECRETS = (b"SECRET", b"Exif", b"EXIF", b"XMP ", b"ICCP", b"xmpmeta", b"GPS")


def opened(rendered: Rendered, size: int) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(rendered.files[size], "")


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as warm:
        yield warm


@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp])
def test_three_sizes_keep_the_shape(decoder: Decoder, make) -> None:
    rendered = decoder.render(make(2400, 1600))
    assert (rendered.width, rendered.height) == (1200, 800)
    assert [(opened(rendered, size).width, opened(rendered, size).height) for size in SIZES] == [
        (200, 133),
        (600, 400),
        (1200, 800),
    ]
    assert all(sniff(file) == "webp" for file in rendered.files.values())


def test_files_in_the_current_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "base64.py", "pyvips.py"):
        (tmp_path / name).write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    # What `python -m` and an empty entry of PYTHONPATH leave there.
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), ".", *sys.path])
    assert render(pictures.jpeg()).width


def test_small_pictures_are_not_blown_up(decoder: Decoder) -> None:
    rendered = decoder.render(pictures.jpeg(300, 150))
    assert (rendered.width, rendered.height) == (300, 150)
    assert opened(rendered, 600).width == 300
    assert opened(rendered, 200).width == 200


def test_the_placeholder_is_tiny(decoder: Decoder) -> None:
    rendered = decoder.render(pictures.jpeg(1600, 1200))
    assert rendered.placeholder.startswith("data:image/webp;base64,")
    assert len(rendered.placeholder) < 1000


def test_the_same_picture_has_the_same_name(decoder: Decoder) -> None:
    assert decoder.render(pictures.jpeg()).sha256 == render(pictures.jpeg()).sha256
    assert decoder.render(pictures.jpeg()).sha256 != decoder.render(pictures.jpeg(321)).sha256


@pytest.mark.parametrize(
    ("orientation", "red_corner"),
    [(1, (10, 10)), (3, (10, -10)), (6, (-10, 10)), (8, (10, 10))],
)
def test_pictures_stand_upright(decoder: Decoder, orientation: int, red_corner: tuple[int, int]) -> None:
    rendered = decoder.render(pictures.half_red(orientation))
    image = opened(rendered, 1200)
    assert (image.width > image.height) is (orientation in (1, 3))
    x, y = (place % side for place, side in zip(red_corner, (image.width, image.height), strict=True))
    red, green, _ = image(x, y)
    assert red > 200
    assert green < 60


@pytest.mark.parametrize("size", SIZES)
def test_no_byte_of_metadata_is_left(decoder: Decoder, size: int) -> None:
    source = pictures.half_red(1)
    assert all(secret in source for secret in (b"SECRETNAME", b"SECRETCOMMENT", b"SECRETXMP"))
    file = decoder.render(source).files[size]
    assert not [secret for secret in SECRETS if secret in file]
    kept = set(pyvips.Image.new_from_buffer(file, "").get_fields())
    assert not [name for name in kept if name.startswith(("exif", "xmp", "iptc", "icc"))]


@pytest.mark.parametrize(
    "image",
    [
        pictures.plain(bands=1),
        pictures.plain(bands=4),
        pictures.plain().colourspace("rgb16"),
        pictures.plain(bands=1).colourspace("grey16"),
    ],
    ids=["grey", "transparent", "16 bit", "grey 16 bit"],
)
def test_unusual_pixels_become_plain_ones(decoder: Decoder, image: pyvips.Image) -> None:
    result = opened(decoder.render(bytes(image.pngsave_buffer())), 600)
    assert (result.bands, result.format, result.interpretation) == (3, "uchar", "srgb")
    assert 100 < result.avg() < 230


def test_printers_colours_become_screen_colours(decoder: Decoder) -> None:
    ink = pyvips.Image.black(200, 200, bands=4).linear(1, [255, 0, 0, 0]).cast("uchar").copy(interpretation="cmyk")
    result = opened(decoder.render(bytes(ink.jpegsave_buffer(Q=95))), 200)
    red, green, blue = result(100, 100)
    assert result.bands == 3
    assert red < green
    assert red < blue


def test_a_colour_profile_is_applied_and_dropped(decoder: Decoder) -> None:
    source = bytes(pictures.plain().icc_export(output_profile="p3", depth=8).jpegsave_buffer(Q=95, keep="icc"))
    assert b"ICC_PROFILE" in source
    rendered = decoder.render(source)
    assert b"ICCP" not in rendered.files[1200]
    assert abs(opened(rendered, 1200).avg() - pictures.plain().avg()) < 6


def test_an_animation_is_its_first_frame(decoder: Decoder) -> None:
    result = opened(decoder.render(pictures.animated()), 200)
    assert (result.width, result.height) == (100, 80)
    assert result.avg() < 90
    assert "n-pages" not in result.get_fields()


def test_what_is_glued_behind_a_picture_is_gone(decoder: Decoder) -> None:
    rendered = decoder.render(pictures.jpeg() + b"PK\x03\x04<script>SECRET</script>")
    assert not any(b"SECRET" in file for file in rendered.files.values())


@pytest.mark.parametrize("name", pictures.IN_THE_CHILD)
def test_the_child_refuses_and_lives(decoder: Decoder, name: str) -> None:
    with pytest.raises(PhotoRefused) as refusal:
        decoder.render(pictures.IN_THE_CHILD[name]())
    assert refusal.value.message.startswith("This picture")
    assert decoder.render(pictures.jpeg()).width == 320


def test_there_are_forty_hostile_files() -> None:
    assert len(list(pictures.hostile())) == 40


@pytest.mark.parametrize("name", pictures.AT_THE_DOOR)
def test_the_child_does_not_rely_on_the_door(decoder: Decoder, name: str) -> None:
    content = pictures.AT_THE_DOOR[name]()
    if len(content) <= MAX_BYTES:
        with pytest.raises(PhotoRefused, match="not a JPEG"):
            decoder.render(content)


def test_forty_megapixels_fit_into_the_memory() -> None:
    image = pictures.plain(7700, 5190)
    assert render(bytes(image.jpegsave_buffer(Q=40, interlace=True))).width == 1200
    assert render(bytes(image.pngsave_buffer(compression=1, interlace=True))).width == 1200


def test_a_picture_never_gets_more_memory_or_time_than_it_may() -> None:
    script = (
        "import resource; from localex.media import child; child.confine(); child.allow_time();"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_FSIZE)[0],"
        " resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    memory, file_size, seconds = map(int, found.stdout.split())
    assert (memory, file_size) == (512 * 1024 * 1024, 0)
    assert seconds <= child.CPU_SECONDS + 2


def test_the_child_knows_neither_django_nor_the_environment() -> None:
    script = "import sys, localex.media.child; print([name for name in sys.modules if name.startswith('django')])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_child_that_is_killed_is_not_blamed_on_the_picture() -> None:
    with Decoder() as decoder:
        decoder._process.kill()
        decoder._process.wait()
        with pytest.raises(DecoderDied):
            decoder.render(pictures.jpeg())
        decoder.revive()
        assert decoder.render(pictures.jpeg()).width == 320


def test_a_request_that_is_too_long_ends_the_conversation() -> None:
    with pytest.raises(ValueError, match="a request of"):
        child._read_request(io.BytesIO(b'{"length": 99999999}\n'))
