"""The names of members and communities beside the ledger's numbers, for staff (credits.naming.Namer)."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.urls import reverse

from localex.communities.models import Community
from localex.credits.naming import Named
from localex.members.models import Member

MOST = 100


def name_numbers(numbers: Collection[UUID]) -> Mapping[UUID, Named]:
    """Members by the ledger's pseudonym, and communities. Two queries, by unique indexes."""
    members = Member.objects.filter(ledger_ref__in=numbers).values_list("ledger_ref", "display_name", "pk")
    communities = Community.objects.filter(pk__in=numbers).values_list("pk", "name")
    return {
        **{ref: Named(name, reverse("admin:members_member_change", args=[pk])) for ref, name, pk in members},
        **{pk: Named(name, reverse("admin:communities_community_change", args=[pk])) for pk, name in communities},
    }


def find_numbers(words: str) -> Collection[UUID]:
    """The pseudonyms of at most 100 members whose name has `words` in it. Reads the members."""
    return list(Member.objects.filter(display_name__icontains=words).values_list("ledger_ref", flat=True)[:MOST])
