"""What whoever looks after an installation has to know: is the ledger in order, is everything kept safe, since when."""
