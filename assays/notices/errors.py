"""What can go wrong with a message. No text holds an address's path, token or password."""


class Refused(ValueError):
    """The address is none that Driftline sends to, now or ever; the text says why."""


class Undelivered(Exception):
    """Not taken this time: worth another try."""
