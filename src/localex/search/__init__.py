"""Finding listings: words, filters, orders and pages that do not shift."""
