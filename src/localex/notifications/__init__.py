"""What LocalEx tells its members: notices in the inbox, and mail."""
