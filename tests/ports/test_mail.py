"""The port of mail: a real SMTP conversation, every way in which it can break, and the folder."""

import smtplib
import socket
import stat
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from localex.lib import clock
from localex.lib.ids import new_id
from localex.ports.mail import (
    FolderMailbox,
    MailRefused,
    MailUnavailable,
    MailUncertain,
    OutgoingMail,
    SmtpMailbox,
    get_mailbox,
)


class Postbox:
    """What the server received, and how it answers."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.answers: dict[str, str] = {}
        self.hangs_after_data = False

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get("MAIL", "250 OK")
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        if self.hangs_after_data:
            server.transport.abort()
        return self.answers.get("DATA", "250 OK")


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def server_url(postbox: Postbox) -> Iterator[str]:
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def make_mail(**changes: Any) -> OutgoingMail:
    words: dict[str, Any] = {
        "mail_id": new_id(),
        "sender": "LocalEx <noreply@town.example>",
        "to": "anna@town.example",
        "subject": "BlueBird_7432 offers 30 credits for your Bicycle",
        "text": "Grüß Gott\nhttps://town.example/offers/1/\n.\nA dot alone must not end it.\n",
        "html": "<p>Grüß Gott</p>",
        "sent_at": clock.now(),
    }
    return OutgoingMail(**{**words, **changes})


def send(url: str, mail: OutgoingMail, **options: Any) -> None:
    with SmtpMailbox(url, **options).open() as mailbox:
        mailbox.send(mail)


def test_a_mail_arrives_whole(server_url: str, postbox: Postbox) -> None:
    mail = make_mail()
    send(server_url, mail)
    [envelope] = postbox.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("noreply@town.example", ["anna@town.example"])
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["Message-ID"] == f"<{mail.mail_id}@town.example>"
    assert message["Subject"] == mail.subject
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == mail.text
    assert html is not None
    assert "Grüß" in html.get_content()


def test_the_subject_cannot_carry_another_header(server_url: str, postbox: Postbox) -> None:
    send(server_url, make_mail(subject="Hello\r\nBcc: eve@town.example"))
    [envelope] = postbox.received
    assert envelope.rcpt_tos == ["anna@town.example"]
    assert isinstance(envelope.content, bytes)
    assert message_from_bytes(envelope.content, policy=policy.default)["Bcc"] is None


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("RCPT", "550 No such user", MailRefused),
        ("RCPT", "450 Mailbox busy", MailUnavailable),
        ("DATA", "554 Looks like spam", MailRefused),
        ("DATA", "452 No space", MailUnavailable),
        ("MAIL", "550 Not you", MailUnavailable),  # our settings, not the recipient
        ("MAIL", "451 Later", MailUnavailable),
    ],
)
def test_a_refusal_is_definite(
    server_url: str, postbox: Postbox, step: str, answer: str, error: type[Exception]
) -> None:
    postbox.answers[step] = answer
    with pytest.raises(error):
        send(server_url, make_mail())


def test_a_line_that_goes_dead_after_the_mail_is_uncertain(server_url: str, postbox: Postbox) -> None:
    postbox.hangs_after_data = True
    with pytest.raises(MailUncertain):
        send(server_url, make_mail())
    assert len(postbox.received) == 1


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(MailUnavailable):
        send(f"smtp://127.0.0.1:{free_port()}", make_mail())


def test_a_black_hole_ends_at_its_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        # That it ends at all is the test: the server accepts and never says a word.
        with pytest.raises(MailUnavailable) as refusal:
            send(f"smtp://127.0.0.1:{server.getsockname()[1]}", make_mail(), timeout_s=0.2)
        assert "timed out" in str(refusal.value.__cause__)


def test_a_reset_before_the_mail_is_unavailable() -> None:
    def answer(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            line.sendall(b"220 hello\r\n")
            line.recv(1000)
            line.sendall(b"250 OK\r\n")
            line.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(MailUnavailable):
            send(f"smtp://127.0.0.1:{server.getsockname()[1]}", make_mail(), timeout_s=2)
        thread.join()


def test_a_password_is_never_said_in_the_clear(server_url: str, postbox: Postbox) -> None:
    """This server offers no TLS, and the port asks for it."""
    url = server_url.replace("smtp://", "smtp://user:secret@")
    with pytest.raises(MailUnavailable):
        send(f"{url}?tls=starttls", make_mail())
    assert not postbox.received


@pytest.mark.parametrize(
    ("url", "is_tls", "is_starttls", "port"),
    [
        ("smtp://mail.town.example", False, False, 25),
        ("smtp://mail.town.example:587", False, True, 587),
        ("smtp://user:pw@mail.town.example:2525", False, True, 2525),
        ("smtp://user:pw@127.0.0.1:2525", False, False, 2525),
        ("smtp://mail.town.example:587?tls=none", False, False, 587),
        ("smtps://user:pw@mail.town.example", True, False, 465),
    ],
)
def test_how_an_address_is_understood(url: str, is_tls: bool, is_starttls: bool, port: int) -> None:
    mailbox = SmtpMailbox(url)
    assert (mailbox._is_tls, mailbox._is_starttls, mailbox._port) == (is_tls, is_starttls, port)


def test_without_a_server_mail_goes_to_the_folder(tmp_path: Path) -> None:
    assert isinstance(get_mailbox(email_url="", folder=tmp_path), FolderMailbox)
    assert isinstance(get_mailbox(email_url="smtp://x", folder=tmp_path), SmtpMailbox)


class TestFolder:
    def put(self, folder: Path, **changes: Any) -> OutgoingMail:
        mail = make_mail(**changes)
        with FolderMailbox(folder).open() as mailbox:
            mailbox.send(mail)
        return mail

    def test_what_is_put_in_can_be_read(self, tmp_path: Path) -> None:
        mail = self.put(tmp_path / "mail")
        found = FolderMailbox(tmp_path / "mail").find_mail(mail.mail_id)
        assert found is not None
        assert (found.to, found.subject, found.text, found.html) == (
            mail.to,
            mail.subject,
            mail.text.strip(),
            mail.html,
        )
        assert found.links == ["https://town.example/offers/1/"]
        assert found.sent_at is not None
        assert abs((found.sent_at - mail.sent_at).total_seconds()) < 2

    def test_only_the_owner_may_read(self, tmp_path: Path) -> None:
        mail = self.put(tmp_path / "mail")
        assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "mail" / f"{mail.mail_id}.eml").stat().st_mode) == 0o600

    def test_the_newest_come_first_and_one_address_alone(self, tmp_path: Path) -> None:
        first, second = self.put(tmp_path), self.put(tmp_path, to="Ben@town.example")
        mailbox = FolderMailbox(tmp_path)
        assert [mail.mail_id for mail in mailbox.list_mails()] == [second.mail_id, first.mail_id]
        assert [mail.mail_id for mail in mailbox.list_mails(to="ben@TOWN.example")] == [second.mail_id]
        assert len(mailbox.list_mails(limit=1)) == 1

    def test_the_same_mail_twice_is_one_file(self, tmp_path: Path) -> None:
        mail = make_mail()
        for _ in range(2):
            with FolderMailbox(tmp_path).open() as mailbox:
                mailbox.send(mail)
        assert len(list(tmp_path.iterdir())) == 1

    def test_strange_files_and_unknown_mails_are_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "notes.eml").write_text("not ours")
        (tmp_path / f"{new_id()}.eml").write_bytes(b"\xff\xfe not a mail")
        assert len(FolderMailbox(tmp_path).list_mails()) == 1
        assert FolderMailbox(tmp_path).find_mail(UUID(int=1)) is None
        assert FolderMailbox(tmp_path / "missing").list_mails() == []

    def test_a_folder_that_cannot_be_written_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "mail").write_text("a file in the way")
        with pytest.raises(MailUnavailable):
            self.put(tmp_path / "mail")


def test_smtplib_is_told_apart_from_our_errors() -> None:
    """Nothing of smtplib gets out of the port."""
    with pytest.raises(MailUnavailable) as caught:
        send(f"smtp://127.0.0.1:{free_port()}", make_mail())
    assert not isinstance(caught.value, smtplib.SMTPException)
