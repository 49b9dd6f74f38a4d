"""People: accounts, membership of communities, display names, avatars, where somebody is (roughly)."""
