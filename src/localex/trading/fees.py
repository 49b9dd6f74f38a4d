"""What a trade costs beside its price: policy of the community, fixed with the offer, taken at the handover."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from localex.communities.models import Community


@dataclass(frozen=True, slots=True)
class Quote:
    """Where the credits of a trade go. All in hundredths."""

    price: int
    buyer_fee: int
    seller_fee: int

    @property
    def held(self) -> int:
        """What is set aside of the buyer's credits."""
        return self.price + self.buyer_fee

    @property
    def payout(self) -> int:
        """What the seller gets when the code is given."""
        return self.price - self.seller_fee

    @property
    def has_fees(self) -> bool:
        """Whether anything beside the price is to be said."""
        return bool(self.buyer_fee or self.seller_fee)


def quote(community: Community, price: int) -> Quote:
    """What a trade at `price` hundredths would cost if it were offered now; a gift costs nothing.

    The percentage is of the price and is rounded half-even to a hundredth. The seller pays at most the price.
    """
    if price <= 0:
        return Quote(0, 0, 0)
    share = (price * community.fee_percent_buyer / 100).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Quote(price, community.fee_fixed_buyer + int(share), min(community.fee_fixed_seller, price))
