"""What the documents promise is there, and nothing in the repository names the machine it was made on."""

import contextlib
import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from localex.config.environment import Environment, variable_name

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from command_reference import list_commands  # noqa: E402

GENERATED = {"commands.md", "settings.md"}
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HTML_LINK = re.compile(r"""(?:src|href)=["']([^"']+)["']""")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|#|/", re.IGNORECASE)
# Put together here, so that this file does not name them itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("index", "crates", "io"),
    )
]
SECRET = re.compile("AGE-SECRET-" + r"KEY-1[A-Z0-9]{58}|-----BEGIN [A-Z ]*PRIVATE " + "KEY-----")
MACHINE = re.compile(r"(?<![\w.$}-])/(?:" + "work|root" + r")/")


def tracked_files() -> list[Path]:
    """Every file in the index that is still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def links_of(document: Path) -> set[str]:
    """The relative links and images of a Markdown file, without their fragments."""
    text = CODE.sub("", document.read_text(encoding="utf-8"))
    found = {link for pattern in (LINK, REFERENCE, HTML_LINK) for link in pattern.findall(text)}
    return {unquote(link).partition("#")[0] for link in found if not OUTSIDE.match(link)}


def test_every_relative_link_of_every_document_leads_to_a_file() -> None:
    # The guide's links are those of its copy in docs/members, which is looked at.
    documents = [path for path in tracked_files() if path.suffix == ".md" and path.name != "guide.md"]
    assert documents
    missing = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in documents
        for link in sorted(links_of(document))
        if not (document.parent / link).exists()
    ]
    assert not missing, missing


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Two commands")[1].split("\n## ")[0]
    commands = re.findall(r"^make ([a-z0-9-]+)", section, re.MULTILINE)
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    assert set(commands) <= set(targets)


def test_every_command_is_explained_in_its_help_and_in_a_guide() -> None:
    """The reference is made from the help; a person also finds each command in a page that somebody wrote."""
    guides = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        if path.name not in GENERATED
    )
    commands = list_commands()
    assert len(commands) > 8
    undocumented = [name for name, _ in commands if name not in guides]
    silent = [
        f"{name} {parameter.name}"
        for name, command in commands
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]
    assert not undocumented, undocumented
    assert not silent, silent
    assert all(len(command.help or "") > 30 for _, command in commands)


def test_every_command_that_a_document_names_exists() -> None:
    """In blocks and in code between backticks: `localex backup run --store X` names `backup run`."""
    known = {tuple(name.split()[1:]) for name, _ in list_commands()}
    groups = {words[:length] for words in known for length in range(1, len(words))}
    wrong = []
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8") if path.name not in GENERATED else ""
        for piece in re.findall(r"^```(?:sh|console)?\n(.*?)^```|`([^`\n]+)`", text, re.MULTILINE | re.DOTALL):
            for named in re.findall(r"(?:^|\s|bin/)localex((?: [a-z][a-z-]*)+)", "\n".join(piece), re.MULTILINE):
                words = tuple(named.split())
                # A command's own words end before its first argument; a group's never do.
                is_known = words in groups or any(
                    words[:length] in known and (words[:length] not in groups or length == len(words))
                    for length in range(1, len(words) + 1)
                )
                if not is_known:
                    wrong.append(f"{path.relative_to(ROOT)}: localex{named}")
    assert not wrong, wrong


def test_what_the_set_up_asks_python_is_answered() -> None:
    """The lines that find the data directory and PostgreSQL's programs, as they stand there."""
    page = (ROOT / "docs" / "engineers" / "set-up.md").read_text(encoding="utf-8")
    questions = re.findall(r'^\w+=\$\(\.venv/bin/python -c "([^"]+)"\)$', page, re.MULTILINE)
    answers = [
        subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True).stdout.strip()
        for question in questions
    ]
    assert [Path(answer).name for answer in answers] == ["localex", "bin"]
    assert (Path(answers[1]) / "psql").exists()


def test_asking_how_the_pages_are_written_writes_none() -> None:
    pages = [ROOT / "docs" / name for name in sorted(GENERATED)]
    before = [page.stat().st_mtime_ns for page in pages]
    asked = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "write_docs.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--check" in asked.stdout
    assert [page.stat().st_mtime_ns for page in pages] == before


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Environment.model_fields.items():
        assert len(field.description or "") > 15, name
        assert f"| `{variable_name(name)}` |" in page


def contents(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """A file's name and text; of an archive also those of the files in it, and of archives in these."""
    # Also of a binary file: what it says about itself is as readable as in a text.
    yield name, content.decode("utf-8", errors="replace")
    with contextlib.suppress(tarfile.ReadError), tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if file := archive.extractfile(member) if member.isfile() else None:
                yield from contents(f"{name} > {member.name}", file.read())


def names_outside(name: str, content: bytes) -> list[str]:
    """The registries, paths of this machine and keys that a file names, as `name: word`."""
    return [
        f"{inner}: {word}"
        for inner, text in contents(name, content)
        for word in [*(host for host in REGISTRIES if host in text), *MACHINE.findall(text), *SECRET.findall(text)]
    ]


def test_no_file_names_a_package_registry_or_a_path_of_this_machine_or_a_key() -> None:
    files = tracked_files()
    assert any(path.suffixes[-2:] == [".tar", ".xz"] for path in files)
    named = [word for path in files for word in names_outside(str(path.relative_to(ROOT)), path.read_bytes())]
    assert not named, named


@pytest.mark.parametrize(
    "word", [REGISTRIES[0], "/" + "work/notes", "/" + "root/notes", "AGE-SECRET-" + "KEY-1" + "Q" * 58]
)
def test_what_is_named_in_an_archive_is_found(word: str) -> None:
    def pack(name: str, content: bytes) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:xz") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        return packed.getvalue()

    archive = pack("outer.tar.xz", pack("inner.py", f"\0 see {word}".encode()))
    (found,) = names_outside("kept.tar.xz", archive)
    assert found.startswith("kept.tar.xz > outer.tar.xz > inner.py: ")
