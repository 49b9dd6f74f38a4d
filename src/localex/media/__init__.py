"""Pictures: taken in as hostile bytes, decoded in a limited child process, shown only as clean WebP."""
