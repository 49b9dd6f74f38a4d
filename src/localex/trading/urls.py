"""Addresses of offers and trades."""

from django.urls import path

from localex.trading import web

app_name = "trading"

urlpatterns = [
    path("trades/", web.list_trades, name="list"),
    path("listings/<uuid:listing_id>/offer/", web.make_offer, name="make_offer"),
    path("offers/<uuid:offer_id>/", web.show_offer, name="offer"),
    path("offers/<uuid:offer_id>/accept/", web.accept_offer, name="accept_offer"),
    path("offers/<uuid:offer_id>/decline/", web.decline_offer, name="decline_offer"),
    path("offers/<uuid:offer_id>/withdraw/", web.withdraw_offer, name="withdraw_offer"),
    path("trades/<uuid:trade_id>/", web.show_trade, name="detail"),
    path("trades/<uuid:trade_id>/place/", web.pick_place, name="pick_place"),
    path("trades/<uuid:trade_id>/time/", web.propose_time, name="propose_time"),
    path("trades/<uuid:trade_id>/time/<uuid:proposal_id>/", web.accept_time, name="accept_time"),
    path("trades/<uuid:trade_id>/arrival/", web.mark_arrival, name="arrive"),
    path("trades/<uuid:trade_id>/code/", web.show_code, name="code"),
    path("trades/<uuid:trade_id>/handoff/", web.hand_over, name="hand_over"),
    path("trades/<uuid:trade_id>/cancel/", web.cancel_trade, name="cancel"),
    path("trades/<uuid:trade_id>/decline/", web.decline_item, name="decline_item"),
    path("trades/<uuid:trade_id>/review/", web.write_review, name="review"),
]
