"""Offers and trades: from a price on a listing to credits released and reviews published."""
