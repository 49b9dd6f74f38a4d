"""What knows nothing of LocalEx: clock, ids, randomness, errors, money, geography, pages, locks."""
