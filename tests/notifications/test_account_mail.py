"""allauth's mails go through the outbox, in the transaction that made them true."""

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from localex.jobs.worker import run_until_idle
from localex.notifications.account_mail import ACTIONS
from localex.notifications.models import Mail, MailKind, MailState
from localex.ports.mail import FolderMailbox
from tests.members.people import address, make_community, make_member, sign_up

pytestmark = pytest.mark.django_db


def path_in(text: str) -> str:
    [link] = [word for word in text.split() if word.startswith("http")]
    return urlsplit(link).path


def test_the_confirmation_is_queued_and_nothing_is_sent_while_the_page_waits(folder: FolderMailbox) -> None:
    mail_address = address()
    sign_up(Client(), make_community(), mail_address)
    mail = Mail.objects.get(to=mail_address)
    assert (mail.kind, mail.state) == (MailKind.ACCOUNT, MailState.QUEUED)
    assert folder.list_mails() == []
    run_until_idle()
    [sent] = folder.list_mails(to=mail_address)
    assert sent.subject == "Confirm your e-mail for LocalEx"
    assert Client().get(path_in(sent.text)).status_code == 200
    assert "Finish joining" in sent.html
    assert sent.html.count("<a ") == 1
    mail.refresh_from_db()
    assert (mail.text, mail.html) == ("", "")


def test_a_password_reset_leads_to_the_page_that_sets_one(folder: FolderMailbox) -> None:
    member = make_member(make_community())
    Client().post(reverse("account_reset_password"), {"email": member.user.email})
    run_until_idle()
    [sent] = [mail for mail in folder.list_mails(to=member.user.email) if "password" in mail.text]
    assert Client().get(path_in(sent.text), follow=True).status_code == 200
    assert ACTIONS["account/email/password_reset_key"] in sent.html


def test_the_page_says_the_same_for_an_address_that_nobody_has(folder: FolderMailbox) -> None:
    member = make_member(make_community())
    known = Client().post(reverse("account_reset_password"), {"email": member.user.email})
    unknown = Client().post(reverse("account_reset_password"), {"email": address()})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert Mail.objects.filter(kind=MailKind.ACCOUNT, state=MailState.QUEUED).count() >= 2


def test_what_staff_see_of_a_mail_is_not_what_it_says(folder: FolderMailbox, admin_client: Client) -> None:
    member = make_member(make_community())
    Client().post(reverse("account_reset_password"), {"email": member.user.email})
    mail = Mail.objects.get(to=member.user.email, state=MailState.QUEUED)
    page = admin_client.get(reverse("admin:notifications_mail_change", args=[mail.id]))
    assert page.status_code == 200
    assert path_in(mail.text) not in page.content.decode()
