"""What others may hear of: `changed` is sent within the transaction that wrote the changes."""

from django.dispatch import Signal

changed = Signal()
"""Sent with `changes`: a list of `models.Change`, each with its incident loaded as it stands after the change.

Whatever a receiver writes is kept or lost together with the changes; one that raises undoes them.
"""
