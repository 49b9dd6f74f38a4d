"""Credits out of the issuer."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from localex.credits.services.calls import Posting, post, post_many
from localex.lib.errors import LocalExError


class GrantReason(StrEnum):
    """Why the issuer gives credits to a member."""

    STARTER = "starter"
    REFERRAL = "referral"
    COORDINATOR = "coordinator"


GRANT_KINDS = {
    GrantReason.STARTER: "starter_grant",
    GrantReason.REFERRAL: "referral_bonus",
    GrantReason.COORDINATOR: "coordinator_grant",
}


def grant(
    *,
    key: UUID,
    community_id: UUID,
    owner: UUID,
    amount: int,
    reason: str,
    actor: UUID | None,
    about: UUID | None = None,
) -> Posting:
    """Give `amount` from the issuer to the member's gift account.

    `reason`: a value of GrantReason; ValueError for another. The words of a coordinator's reason belong into the audit
    log, not here. A starter grant is given once per member, a referral bonus once per member and newcomer (`about`, for
    no other reason). Raises AlreadyGranted, AccountClosed, LimitReached. Locks the gift account, then the issuer.
    """
    kind = GRANT_KINDS[GrantReason(reason)]
    return post(
        "grant_credits(%s, %s, %s, %s, %s::ledger.journal_kind, %s, %s)",
        *(key, community_id, owner, amount, kind, actor, about),
    )


def grant_many(
    *,
    keys: Sequence[UUID],
    community_id: UUID,
    owners: Sequence[UUID],
    amounts: Sequence[int],
    reason: str,
    actor: UUID | None,
) -> list[Posting | LocalExError]:
    """Give each owner their amount, in one statement: for each key, in order, what was booked or why it was refused.

    1 to 1000 grants; `reason`: starter or coordinator. One that is refused leaves the others as they are; a later one
    sees what the earlier ones did. What makes no sense (an unknown owner, a key used for something else) raises and
    leaves nothing. Locks all gift accounts in the order of their ids, then the issuer.
    """
    kind = GRANT_KINDS[GrantReason(reason)]
    return post_many(
        "grant_many(%s::uuid[], %s, %s::uuid[], %s::bigint[], %s::ledger.journal_kind, %s)",
        *(list(keys), community_id, list(owners), list(amounts), kind, actor),
    )
