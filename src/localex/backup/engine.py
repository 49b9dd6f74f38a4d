"""The API of backups: make, list, verify, restore, prune. Each function is complete and may be killed at any moment."""

from localex.backup.catalogue import find_ranges, find_stretches, list_backups
from localex.backup.making import make_backup
from localex.backup.restoring import restore
from localex.backup.results import Finding, Pruned, Restored, Verified
from localex.backup.retention import apply_retention
from localex.backup.verification import verify_backup

__all__ = [
    "Finding",
    "Pruned",
    "Restored",
    "Verified",
    "apply_retention",
    "find_ranges",
    "find_stretches",
    "list_backups",
    "make_backup",
    "restore",
    "verify_backup",
]
