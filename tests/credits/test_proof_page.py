"""The download of a proof: for own entries, for nobody else's, and honest about what is not sealed yet."""

import pytest
from django.test import Client

from localex.credits import inspection
from localex.credits.models import Journal
from localex.lib.ids import new_id
from localex.members.apps import PROOFS_PER_HOUR
from localex.members.models import Member
from tests import town

pytestmark = pytest.mark.django_db


def test_an_own_entry_says_that_it_is_not_sealed_yet(member: Member) -> None:
    posting = Journal.objects.get(kind="starter_grant", community_id=member.community_id)
    answer = town.browser_of(member).get(f"/credits/proof/{posting.journal_id}.json")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="proof-{posting.journal_id}.json"'
    assert "try again a little later" in answer.json()["not_sealed_yet"]


def test_an_entry_of_somebody_else_looks_like_none(member: Member) -> None:
    posting = Journal.objects.get(kind="starter_grant", community_id=member.community_id)
    stranger = town.browser_of(town.new_member(member.community))
    assert stranger.get(f"/credits/proof/{posting.journal_id}.json").status_code == 404
    assert stranger.get(f"/credits/proof/{new_id()}.json").status_code == 404


def test_proofs_are_limited_for_each_member(member: Member) -> None:
    posting = Journal.objects.get(kind="starter_grant", community_id=member.community_id)
    mine, path = town.browser_of(member), f"/credits/proof/{posting.journal_id}.json"
    assert {mine.get(path).status_code for _ in range(PROOFS_PER_HOUR)} == {200}
    answer = mine.get(path)
    assert answer.status_code == 429
    assert "Too many proofs" in answer.content.decode()
    other = town.new_member(member.community)
    theirs = Journal.objects.filter(kind="starter_grant").order_by("-booked_at").first()
    assert theirs is not None
    assert town.browser_of(other).get(f"/credits/proof/{theirs.journal_id}.json").status_code == 200


def test_who_is_not_signed_in_is_asked_to(member: Member) -> None:
    assert Client().get(f"/credits/proof/{new_id()}.json").status_code == 302


def test_stopped_postings_are_said_in_words_and_nothing_is_lost(member: Member) -> None:
    """An offer is accepted while postings are stopped: the page says so, and it works once they go on."""
    buyer = town.new_member(member.community)
    offer = town.new_offer(buyer, town.new_listing(member))
    inspection.stop(community_id=member.community_id, words="Somebody looks into it.")
    seller = town.browser_of(member)
    page = seller.get(f"/offers/{offer.id}/").content.decode()
    assert 'disabled aria-describedby="accept-waits"' in page
    assert "You can accept as soon as credits move again." in page
    answer = seller.post(f"/offers/{offer.id}/accept/", headers={"Referer": f"http://testserver/offers/{offer.id}/"})
    assert answer.status_code == 503
    assert f'href="http://testserver/offers/{offer.id}/">Back to where you were</a>' in answer.content.decode()
    assert '<nav class="bar"' in answer.content.decode()
    elsewhere = seller.post(f"/offers/{offer.id}/accept/", headers={"Referer": "https://elsewhere.example/"})
    assert "elsewhere.example" not in elsewhere.content.decode()
    assert "Credits cannot move in this community at the moment" in answer.content.decode()
    assert "Your credits are where they were." in answer.content.decode()
    assert inspection.resume(community_id=member.community_id, actor=None, words="It was nothing.")
    assert seller.post(f"/offers/{offer.id}/accept/").status_code == 302
