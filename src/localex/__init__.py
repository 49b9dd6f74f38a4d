"""LocalEx: neighbours trade things for credits, safely and without giving away who they are."""

__version__ = "0.2.0"
