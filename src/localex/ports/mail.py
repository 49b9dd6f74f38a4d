"""The port of mail: a real SMTP server by EMAIL_URL, or a folder that the demo's mailbox page shows.

What matters to the caller is what is known after a failure, so there are three errors: nothing was sent and trying
again may help (`MailUnavailable`), nothing was sent and it never will be (`MailRefused`), and nobody can know
(`MailUncertain`): the line went dead after the mail was handed over and before it was acknowledged.
"""

import contextlib
import os
import re
import smtplib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr, parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from localex.lib.errors import LocalExError

TIMEOUT_S = 10  # of each step of the conversation
MAX_STORED = 2_000
SUBMISSION_PORT = 587
IMPLICIT_TLS_PORT = 465
RELAY_PORT = 25
PERMANENT = 500


class MailUnavailable(LocalExError):
    """Nothing was sent; a later try may work."""

    code = "mail_unavailable"


class MailRefused(LocalExError):
    """Nothing was sent, and the server says that it never will be."""

    code = "mail_refused"


class MailUncertain(LocalExError):
    """It may have been sent, or not."""

    code = "mail_uncertain"


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one person. `mail_id` makes the Message-ID, so that a mail sent twice would be seen as one."""

    mail_id: UUID
    sender: str
    to: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """The Message-ID header."""
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "localex.invalid"
        return f"<{self.mail_id}@{domain}>"

    def as_django(self) -> EmailMultiAlternatives:
        """The mail as Django builds it: plain text with an HTML alternative."""
        message = EmailMultiAlternatives(
            " ".join(self.subject.split()),
            self.text,
            self.sender,
            [self.to],
            headers={
                "Message-ID": self.message_id,
                "Date": format_datetime(self.sent_at),
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                **self.headers,
            },
        )
        if self.html:
            message.attach_alternative(self.html, "text/html")
        return message


class Mailbox(Protocol):
    """Where mail goes."""

    def open(self) -> "contextlib.AbstractContextManager[OpenMailbox]":
        """Get ready to send, before anything is promised. MailUnavailable."""
        ...


class OpenMailbox(Protocol):
    """A mailbox with a connection."""

    def send(self, mail: OutgoingMail) -> None:
        """Send one mail. MailUnavailable, MailRefused, MailUncertain."""
        ...


def get_mailbox(*, email_url: str, folder: Path) -> Mailbox:
    """SMTP when there is an address of a server, else the folder."""
    return SmtpMailbox(email_url) if email_url else FolderMailbox(folder)


class _Smtp(smtplib.SMTP):
    """smtplib's client, which also knows whether the mail itself was on its way."""

    is_handed_over = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.is_handed_over = True
        return super().data(msg)


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """The same from a connection that is TLS from the start."""


class _Backend(EmailBackend):
    """Django's SMTP backend with our clients."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpOverTls if self.use_ssl else _Smtp


class SmtpMailbox:
    """`smtp://user:password@host:port` or `smtps://`; see docs/settings.md.

    smtps:// is TLS from the start. smtp:// uses STARTTLS, and insists on it, on port 587 and whenever there is a
    password that is not for this very machine; `?tls=none` or `?tls=starttls` says it outright.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._is_tls = parts.scheme == "smtps"
        self._port = parts.port or (IMPLICIT_TLS_PORT if self._is_tls else RELAY_PORT)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout_s = timeout_s
        wish = parse_qs(parts.query).get("tls", [""])[0]
        needs_tls = self._port == SUBMISSION_PORT or (bool(self._user) and not _is_this_machine(self._host))
        self._is_starttls = not self._is_tls and (wish == "starttls" or (needs_tls and wish != "none"))

    @contextmanager
    def open(self) -> Iterator["_SmtpConnection"]:
        """Connect and sign in. MailUnavailable when that does not work."""
        backend = _Backend(
            host=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._is_starttls,
            use_ssl=self._is_tls,
            timeout=self._timeout_s,
            fail_silently=False,
        )
        try:
            try:
                backend.open()
            except (smtplib.SMTPException, OSError) as error:
                raise MailUnavailable(f"The mail server cannot be reached: {_reason(error)}") from error
            yield _SmtpConnection(backend)
        finally:
            # What was said is said; a server that does not say goodbye changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                backend.close()


class _SmtpConnection:
    def __init__(self, backend: _Backend) -> None:
        self._backend = backend

    def send(self, mail: OutgoingMail) -> None:
        try:
            self._backend.send_messages([mail.as_django()])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refusal(max(codes, default=PERMANENT), "recipient") from error
        except smtplib.SMTPSenderRefused as error:
            # That is our own sender address: somebody has to mend the settings, the mail is good.
            raise MailUnavailable(f"The mail server does not accept the sender: {_reason(error)}") from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, "mail") from error
        except (smtplib.SMTPException, OSError) as error:
            if getattr(self._backend.connection, "is_handed_over", True):
                raise MailUncertain(f"The line went dead in the middle: {_reason(error)}") from error
            raise MailUnavailable(f"The mail server went away: {_reason(error)}") from error


def _refusal(code: int, what: str) -> LocalExError:
    kind = MailRefused if code >= PERMANENT else MailUnavailable
    return kind(f"The mail server does not accept the {what} ({code}).")


def _reason(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else f"{type(error).__name__}: {error}"[:200]


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail in the folder, as the demo's mailbox page shows it."""

    mail_id: UUID
    to: str
    subject: str
    text: str
    html: str
    sent_at: datetime | None

    @property
    def links(self) -> Sequence[str]:
        """The addresses in its text, in order."""
        return re.findall(r"https?://[^\s<>\"]+", self.text)


class FolderMailbox:
    """One .eml file per mail, readable by its owner only. The oldest go when there are more than 2,000."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator["FolderMailbox"]:
        """Make the folder. MailUnavailable when it cannot be written."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise MailUnavailable(f"The mail folder cannot be made: {error.strerror}") from error
        yield self

    def send(self, mail: OutgoingMail) -> None:
        """Write the file, whole or not at all."""
        try:
            handle, name = tempfile.mkstemp(prefix=".", dir=self._folder)  # 0600
            with os.fdopen(handle, "wb") as file:
                file.write(mail.as_django().message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg] # Django's
            Path(name).replace(self._folder / f"{mail.mail_id}.eml")
        except OSError as error:
            raise MailUnavailable(f"The mail cannot be written: {error.strerror}") from error
        for path in self._newest_first()[MAX_STORED:]:
            path.unlink(missing_ok=True)

    def _newest_first(self) -> list[Path]:
        # Names are UUIDv7: their order is the order of time. What else lies there is not ours.
        return sorted((path for path in self._folder.glob("*.eml") if _is_id(path.stem)), reverse=True)

    def list_mails(self, *, to: str = "", limit: int = 50) -> list[StoredMail]:
        """The newest mails, all or those to one address."""
        found: list[StoredMail] = []
        for path in self._newest_first():
            mail = self.find_mail(UUID(path.stem))
            if mail and to.lower() in ("", mail.to.lower()):
                found.append(mail)
            if len(found) == limit:
                break
        return found

    def find_mail(self, mail_id: UUID) -> StoredMail | None:
        """One mail, or None."""
        try:
            raw = (self._folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        message = message_from_bytes(raw, policy=policy.default)
        sent_at = None
        with contextlib.suppress(TypeError, ValueError):
            sent_at = parsedate_to_datetime(str(message["Date"]))
        return StoredMail(
            mail_id=mail_id,
            to=str(message["To"] or "").strip(),
            subject=str(message["Subject"] or "").strip(),
            text=_part(message, "plain"),
            html=_part(message, "html"),
            sent_at=sent_at,
        )


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body(preferencelist=(subtype,))
    return str(body.get_content()).replace("\r\n", "\n").strip() if body else ""
