"""Fixtures for the tests of notices and mail. What needs Django is imported late."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from localex.ports.mail import FolderMailbox, StoredMail


@pytest.fixture
def mail_goes_to(settings: Any, tmp_path: Path) -> Callable[[str], None]:
    """Point the installation at a mail server; the data directory is this test's own."""

    def point(email_url: str) -> None:
        changes = {"email_url": email_url, "data_dir": tmp_path}
        settings.LOCALEX = settings.LOCALEX.model_copy(update=changes)

    return point


@pytest.fixture
def folder(mail_goes_to: Callable[[str], None], tmp_path: Path) -> "FolderMailbox":
    """Mail goes to a folder of this test."""
    from localex.ports.mail import FolderMailbox

    mail_goes_to("")
    return FolderMailbox(tmp_path / "mail")


@pytest.fixture
def mails_to(folder: "FolderMailbox") -> "Callable[[Any], list[StoredMail]]":
    """What a member was sent, the newest first."""
    return lambda member: folder.list_mails(to=member.user.email)
