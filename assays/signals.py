"""What the cache tells those above it, within the transaction that did it."""

from django.dispatch import Signal

recounted = Signal()
"""Hours were counted anew: `hours` maps an assay's id to hours as microseconds since 1970."""
