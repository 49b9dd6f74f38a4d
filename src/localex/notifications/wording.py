"""Every notice in words: one table of kinds. The inbox, the mails and the tests read it.

A sentence is a Django template line over the notice's facts and its community: who, thing, amount (hundredths), place,
when. `facts` in the database are JSON: moments are ISO strings there and come back as moments here.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.template import Context, Template, engines
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from localex.notifications.models import Notice, Subject


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of notice is told.

    `sentence` is what happened; `after` is what follows from it, one sentence more in mails; `action` the button.
    """

    sentence: str
    action: str
    after: str = ""
    icon: str = "bell"
    has_mail: bool = True


PRICE = "{{ amount|credits_words:community }}"
SEE_OFFER, SEE_TRADE = "See the offer", "See the trade"
ANSWER = "You have 48 hours to answer; after that the offer ends by itself."
HELD = f"The {PRICE} are held safely until the handoff."
CHOOSE = "Next, choose a safe place and a time together, within 72 hours."
BACK = f"{{% if amount and is_buyer %}}Your {PRICE} are yours to spend again.{{% endif %}}"

KINDS: dict[str, Kind] = {
    # --- offers
    "offer_made": Kind(f"{{{{ who }}}} offers {PRICE} for your “{{{{ thing }}}}”", SEE_OFFER, ANSWER, "hand"),
    "gift_asked": Kind("{{ who }} would like your “{{ thing }}”", SEE_OFFER, ANSWER, "gift"),
    "wanted_offered": Kind(
        f"{{{{ who }}}} has what you look for: “{{{{ thing }}}}”, for {PRICE}", SEE_OFFER, ANSWER, "hand"
    ),
    "wanted_given": Kind("{{ who }} would give you what you look for: “{{ thing }}”", SEE_OFFER, ANSWER, "gift"),
    "offer_accepted": Kind(
        "{{ who }} accepted your offer for “{{ thing }}”",
        SEE_TRADE,
        f"{{% if amount %}}{HELD} {{% endif %}}{CHOOSE}",
        "handshake",
    ),
    "offer_declined": Kind("{{ who }} declined your offer for “{{ thing }}”", "See what else is near you", icon="tag"),
    "offer_superseded": Kind(
        "“{{ thing }}” went to somebody else, so your offer ended", "See what else is near you", icon="tag"
    ),
    "offer_withdrawn": Kind("{{ who }} withdrew the offer for “{{ thing }}”", SEE_OFFER, icon="undo-2"),
    "own_offer_expired": Kind(
        "Your offer for “{{ thing }}” ended: {{ who }} did not answer in time",
        SEE_OFFER,
        "You can make another one.",
        "hourglass",
    ),
    "offer_expired": Kind(
        "The offer by {{ who }} for “{{ thing }}” ended without an answer",
        SEE_OFFER,
        "Your listing is still open for others.",
        "hourglass",
    ),
    # --- agreeing on place and time
    "place_picked": Kind(
        "{{ who }} would like to meet at {{ place }} for “{{ thing }}”",
        "Choose a place",
        "When you both choose the same place, it is agreed.",
        "map-pin",
    ),
    "place_agreed": Kind(
        "You both chose {{ place }} for “{{ thing }}”", "Agree on a time", "Now agree on a time.", "map-pin"
    ),
    "time_proposed": Kind(
        "{{ who }} proposes {{ when|moment_words }} for “{{ thing }}”",
        "Answer",
        "Agree to it, or propose another time.",
        "calendar",
    ),
    "time_agreed": Kind(
        "{{ who }} agreed to {{ when|moment_words }} for “{{ thing }}”",
        "Choose a place",
        "Now choose a safe place together.",
        "calendar",
    ),
    "meeting_planned": Kind(
        "You meet {{ who }} on {{ when|moment_words }} at {{ place }} for “{{ thing }}”",
        SEE_TRADE,
        "{% if is_buyer %}Look at the item first; only then give the code.{% else %}Bring the item. "
        "When {{ who }} has looked at it, ask for the code.{% endif %}",
        "calendar-plus",
    ),
    # --- at the place; nobody reads mail there
    "other_arrived": Kind("{{ who }} has arrived at {{ place }}", SEE_TRADE, icon="footprints", has_mail=False),
    "both_there": Kind(
        "{{ who }} has arrived too, so you can look at “{{ thing }}” together",
        SEE_TRADE,
        icon="users-round",
        has_mail=False,
    ),
    # --- the end
    "item_received": Kind(
        "“{{ thing }}” is yours now", "Review the trade", "How was it? You have 7 days to write a review.", "package"
    ),
    "credits_released": Kind(
        f"{{% if amount %}}{PRICE} for “{{{{ thing }}}}” are yours{{% else %}}"
        "You gave “{{ thing }}” to {{ who }}{% endif %}",
        "Review the trade",
        "How was it? You have 7 days to write a review.",
        "coins",
    ),
    "trade_cancelled": Kind("{{ who }} called off the trade of “{{ thing }}”", SEE_TRADE, BACK, "circle-x"),
    "trade_ran_out": Kind(
        "The trade of “{{ thing }}” ended, because no place and time were agreed in 72 hours",
        SEE_TRADE,
        f"Nobody is to blame. {BACK}",
        "hourglass",
    ),
    "item_declined": Kind(
        "{{ who }} looked at “{{ thing }}” and decided not to take it",
        SEE_TRADE,
        "That is all right. Your listing is open again.",
        "undo-2",
    ),
    "trade_refunded": Kind("The trade of “{{ thing }}” ended without a handoff", SEE_TRADE, BACK, "undo-2"),
    "review_waits": Kind(
        "{{ who }} wrote a review about your trade of “{{ thing }}”",
        "Write yours",
        "You both see the reviews as soon as you have written yours, or 7 days after the trade.",
        "star",
    ),
    "reviews_published": Kind("The reviews of your trade with {{ who }} are out", "Read them", icon="star"),
    # --- around it
    "welcome": Kind(
        f"Welcome to {{{{ community.name }}}}{{% if amount %}}: you have {PRICE} to start with{{% endif %}}",
        "See your credits",
        icon="sprout",
        has_mail=False,
    ),
    "compensated": Kind(
        f"You were paid {PRICE} as compensation for the trade of “{{{{ thing }}}}”: {{{{ why }}}}",
        "See your credits",
        icon="shield-check",
    ),
    "credits_given": Kind(f"Your coordinators gave you {PRICE}: {{{{ why }}}}", "See your credits", icon="gift"),
    "listing_expired": Kind(
        "Your listing “{{ thing }}” has ended after 60 days",
        "See the listing",
        "If you still have it, show it again with one press.",
        "clock",
    ),
}

# For these the page of the offer says nothing more: what helps is to look on.
LOOK_ON = frozenset({"offer_declined", "offer_superseded"})

PAGES = {Subject.OFFER: "trading:offer", Subject.TRADE: "trading:detail", Subject.LISTING: "listings:detail"}


@cache
def _template(source: str) -> Template:
    # Plain words: the page that shows them escapes, the mail does not need to.
    return engines["django"].from_string(f"{{% load ui %}}{{% autoescape off %}}{source}{{% endautoescape %}}").template  # type: ignore[attr-defined]


def _render(source: str, notice: Notice) -> str:
    facts = {**notice.facts, "community": notice.community}
    if "when" in facts:
        facts["when"] = datetime.fromisoformat(facts["when"])
    with timezone.override(notice.community.zone):
        return " ".join(_template(source).render(Context(facts)).split())


def known_kind(name: str) -> Kind:
    """The kind with this name; one of a later release is told as plain news."""
    return KINDS.get(name, Kind("There is news", "See it"))


def say(notice: Notice) -> str:
    """What happened, as one sentence without a full stop; the notice's community is loaded."""
    return _render(known_kind(notice.kind).sentence, notice)


def say_after(notice: Notice) -> str:
    """What follows from it, or nothing."""
    return _render(known_kind(notice.kind).after, notice)


def find_path(notice: Notice) -> str:
    """The page that the notice is about, without a host."""
    if notice.kind in LOOK_ON:
        return reverse("search:browse")
    if notice.subject == Subject.CREDITS:
        return reverse("credits:statement")
    try:
        return reverse(PAGES[Subject(notice.subject)], args=[notice.subject_id])
    except NoReverseMatch:  # a page of a later release, after going back to an earlier one
        return reverse("notifications:inbox")
