"""The states of a window and of an assay, in order of rank: the smaller the number, the worse."""

from django.db import models


class State(models.IntegerChoices):
    """A window is one of ALERT, WARNING, FAILED, OK, NO_DATA; an assay any of them."""

    ALERT = 1, "Alert"
    WARNING = 2, "Warning"
    FAILED = 3, "Failed"
    LATE = 4, "Late"
    OK = 5, "Ok"
    PAUSED = 6, "Paused"
    ENDED = 7, "Ended"
    GONE = 8, "Gone"
    NO_DATA = 9, "No data"
    NEW = 10, "New"

    @property
    def slug(self) -> str:
        """As the style sheet names it: `alert`, `no-data`."""
        return self.label.lower().replace(" ", "-")


BAD = (State.ALERT, State.WARNING)
WINDOW_STATES = (State.ALERT, State.WARNING, State.FAILED, State.OK, State.NO_DATA)


def of_score(score: float, warning: float | None, alert: float | None) -> State:
    """Thresholds are inclusive, a null one never fires (assays-v2.md, "status rule")."""
    if alert is not None and score >= alert:
        return State.ALERT
    if warning is not None and score >= warning:
        return State.WARNING
    return State.OK
