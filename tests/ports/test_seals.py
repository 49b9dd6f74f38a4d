"""The folder of published seals: whole files or none."""

from pathlib import Path

import pytest

from localex.ports.seals import FolderPublisher


def test_what_is_published_can_be_read(tmp_path: Path) -> None:
    published = FolderPublisher(tmp_path / "seals")
    assert (published.numbers(), published.read(1)) == ([], None)
    for number in (10, 9):
        published.publish(number, f"seal {number}\n")
    published.publish(9, "seal 9 again\n")
    assert published.numbers() == [9, 10]
    assert (published.read(9), published.read(10)) == ("seal 9 again\n", "seal 10\n")
    assert (tmp_path / "seals").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in (tmp_path / "seals").iterdir()) == ["10.json", "9.json"]


def test_other_files_are_no_seals(tmp_path: Path) -> None:
    published = FolderPublisher(tmp_path)
    for name in ("3.json.part", "tmpx.part", "four.json", "5.txt", "-6.json"):
        (tmp_path / name).write_text("x")
    assert published.numbers() == []


def test_a_seal_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    published = FolderPublisher(tmp_path)
    (tmp_path / "1.json").mkdir()
    with pytest.raises(OSError, match=r"1\.json"):
        published.publish(1, "text")
    assert [path.name for path in tmp_path.iterdir()] == ["1.json"]
