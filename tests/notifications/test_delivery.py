"""Mail goes out at most once: real SMTP conversations that break at every place, and workers that die."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection

from localex.jobs import services as job_services
from localex.jobs.models import EffectDone, Job
from localex.jobs.worker import run_until_idle
from localex.lib import clock
from localex.members.models import Member
from localex.notifications import delivery, services
from localex.notifications.models import Mail, MailState, Notice
from localex.ports.mail import FolderMailbox, MailUnavailable
from tests import town

if TYPE_CHECKING:
    from localex.ports.mail import StoredMail

TEXT = "Open this link:\n\nhttps://town.example/confirm/secret/\n\nThank you.\n"


class Postbox:
    """A mail server of the test."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.answer = "250 OK"
        self.waits_s = 0.0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        await asyncio.sleep(self.waits_s)
        if self.answer.startswith("250"):
            self.received.append(str(message_from_bytes(envelope.content, policy=policy.default)["Message-ID"]))
        return self.answer


@pytest.fixture
def postbox(mail_goes_to: Callable[[str], None]) -> Iterator[Postbox]:
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    mail_goes_to(f"smtp://127.0.0.1:{port}")
    yield box
    controller.stop()


def account_mail() -> Mail:
    return services.queue_account_mail(
        to="anna@town.example", subject="Confirm\nyour e-mail", text=TEXT, html="<p>Open</p>"
    )


def state_of(mail: Mail) -> str:
    mail.refresh_from_db()
    return mail.state


@pytest.mark.django_db
class TestOneMail:
    def test_it_is_sent_once_and_loses_its_words(self, postbox: Postbox) -> None:
        mail = account_mail()
        run_until_idle()
        assert state_of(mail) == MailState.SENT
        assert (mail.text, mail.html, mail.subject) == ("", "", "Confirm your e-mail")
        assert mail.sent_at is not None
        for _ in range(2):
            delivery.deliver(mail_id=mail.id)
        assert postbox.received == [f"<{mail.id}@localex.invalid>"]

    def test_the_job_that_runs_again_sends_nothing(self, postbox: Postbox) -> None:
        mail = account_mail()
        run_until_idle()
        Job.objects.filter(payload__mail_id=str(mail.id)).update(state="ready", finished_at=None)
        run_until_idle()
        assert len(postbox.received) == 1

    def test_a_server_that_is_down_is_tried_again(self, mail_goes_to: Callable[[str], None], postbox: Postbox) -> None:
        mail = account_mail()
        with socket.create_server(("127.0.0.1", 0)) as found:
            nobody = f"smtp://127.0.0.1:{found.getsockname()[1]}"
        from django.conf import settings

        url = settings.LOCALEX.email_url
        mail_goes_to(nobody)
        with pytest.raises(MailUnavailable):
            run_until_idle()
        assert state_of(mail) == MailState.QUEUED
        assert mail.text == TEXT
        mail_goes_to(url)
        assert run_until_idle() == 0  # it waits a while
        with clock.shifted(timedelta(minutes=1)):
            run_until_idle()
        assert state_of(mail) == MailState.SENT
        assert len(postbox.received) == 1

    def test_a_temporary_refusal_is_tried_again(self, postbox: Postbox) -> None:
        mail = account_mail()
        postbox.answer = "451 Try later"
        with pytest.raises(MailUnavailable):
            run_until_idle()
        assert state_of(mail) == MailState.QUEUED
        assert "451" in mail.last_error
        assert not EffectDone.objects.filter(kind="mail", key=str(mail.id)).exists()
        postbox.answer = "250 OK"
        with clock.shifted(timedelta(minutes=1)):
            run_until_idle()
        assert state_of(mail) == MailState.SENT
        assert len(postbox.received) == 1

    def test_a_final_refusal_is_not(self, postbox: Postbox) -> None:
        mail = account_mail()
        postbox.answer = "550 No"
        run_until_idle()
        assert state_of(mail) == MailState.FAILED
        assert mail.text == ""
        assert Job.objects.get(payload__mail_id=str(mail.id)).state == "done"

    def test_whoever_died_in_the_middle_has_used_up_the_one_time(self, postbox: Postbox) -> None:
        mail = account_mail()
        assert delivery._begin(mail)  # and then kill -9
        run_until_idle()
        assert state_of(mail) == MailState.UNCERTAIN
        assert mail.text == ""
        assert postbox.received == []

    def test_an_effect_that_was_claimed_is_not_claimed_again(self, postbox: Postbox) -> None:
        """A second fence beside the mail's own state."""
        mail = account_mail()
        assert job_services.claim_effect(kind="mail", key=str(mail.id))
        run_until_idle()
        assert state_of(mail) == MailState.UNCERTAIN
        assert postbox.received == []


@pytest.mark.django_db
class TestNoticeMail:
    @pytest.fixture
    def pair(self) -> tuple[Member, Member]:
        community = town.found_community()
        return town.new_member(community), town.new_member(community)

    def test_it_says_what_happened_and_has_one_button(
        self, pair: tuple[Member, Member], mails_to: "Callable[[Member], list[StoredMail]]"
    ) -> None:
        seller, buyer = pair
        offer = town.new_offer(buyer, town.new_listing(seller, title="Jam & <b>honey</b>"))
        run_until_idle()
        [mail] = mails_to(seller)
        assert mail.subject == f"{buyer} offers 30 credits for your “Jam & <b>honey</b>”"
        assert f"Hello {seller}," in mail.text
        assert "48 hours" in mail.text
        assert mail.links[0] == f"http://127.0.0.1:8000/offers/{offer.id}/"
        assert "LocalEx in Krems" in mail.text
        assert mail.html.count("<a ") == 1
        assert "Jam &amp; &lt;b&gt;honey" in mail.html
        assert "Krems" in mail.html
        assert buyer.user.email not in mail.text + mail.html

    def test_it_goes_to_the_address_of_now(self, pair: tuple[Member, Member], folder: FolderMailbox) -> None:
        seller, buyer = pair
        town.new_offer(buyer, town.new_listing(seller))
        seller.user.email = f"new-{seller.user.email}"
        seller.user.save()
        run_until_idle()
        assert len(folder.list_mails(to=seller.user.email)) == 1

    def test_nobody_writes_to_who_has_left(self, pair: tuple[Member, Member], folder: FolderMailbox) -> None:
        seller, _ = pair
        notice = Notice.objects.create(
            community=seller.community, member=seller, kind="welcome", facts={"amount": 0}, subject="credits"
        )
        mail = Mail.objects.create(kind="notice", notice=notice)
        Member.objects.filter(id=seller.id).update(state=Member.State.CLOSED)
        delivery.deliver(mail_id=mail.id)
        assert state_of(mail) == MailState.FAILED
        assert not folder.list_mails(to=seller.user.email)


def test_two_workers_with_one_mail_send_it_once(committed_db: None, postbox: Postbox) -> None:
    """One has lost its lease without knowing: both are in the middle of it."""
    postbox.waits_s = 0.3
    mail = account_mail()
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        delivery.deliver(mail_id=mail.id)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(postbox.received) == 1
    assert state_of(mail) == MailState.SENT
    Job.objects.filter(payload__mail_id=str(mail.id)).delete()
