"""Communities: a place with its own members, currency name, timezone, language and policy."""
