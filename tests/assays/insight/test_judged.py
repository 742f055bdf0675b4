"""Incidents are handed on as people judged them, and not at all where nobody did."""

from __future__ import annotations

from assays.incidents.models import Incident, Mark
from assays.insight.judged import judged
from assays.insight.whatif import Marked
from assays.schedule import micros
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START


def test_what_people_judged_is_ready_to_try_thresholds_against(filled: Filled) -> None:
    assay = filled([0.05, 0.5, 0.5, 0.05, 0.5, 0.05, 0.5])
    first, second, third = Incident.objects.filter(kind="drift").order_by("first_bad_end")
    for incident, mark in ((first, Mark.CONFIRMED), (third, Mark.FALSE_ALARM)):
        Incident.objects.filter(pk=incident.pk).update(mark=mark)
    assert judged(assay.fields.get()) == [
        Marked(str(first.pk), micros(START + HOUR), micros(START + 2 * HOUR), confirmed=True),
        Marked(str(third.pk), micros(START + 6 * HOUR), micros(START + 6 * HOUR), confirmed=False),
    ]
    assert second.mark == Mark.NONE
