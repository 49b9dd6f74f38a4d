"""Static files under names that carry their content's hash, so that browsers keep them for a year."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashes the imports of ES modules too, so that a module never meets an older sibling."""

    support_js_module_import_aggregation = True
