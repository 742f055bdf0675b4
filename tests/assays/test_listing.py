"""The list of assays: who is new, changed, switched, gone and back again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection

from assays import wire
from assays.listing import Listed, apply_assays
from assays.models import Assay, Field, Pause, UpstreamError
from assays.states import State
from assays.upstream import BadItem, Listing
from assays.wire import Received
from tests.support import messages
from tests.support.messages import START, Message
from tests.support.upstream import text

pytestmark = pytest.mark.django_db

NOW = START + timedelta(days=1)
HOUR = timedelta(hours=1)


def listing(*assays: Message, bad: int = 0) -> Listing[wire.Assay]:
    raws = [json.dumps(assay).encode() for assay in assays]
    good = [Received(msgspec.json.decode(raw, type=wire.Assay), raw) for raw in raws]
    return Listing(good, [BadItem("name: is missing", b"{}")] * bad)


def test_a_new_assay_is_due_at_once_and_has_its_fields() -> None:
    fields = {"out.a": (0.1, 0.2), "in.b": (None, None)}
    assert apply_assays(listing(messages.assay(fields=fields)), NOW) == Listed(1, 1, 0, 0, 0)
    row = Assay.objects.get()
    assert (row.state, row.next_poll_at, row.metric) == (State.NEW, NOW, "PSI")
    assert list(Field.objects.values_list("key", "warning", "alert")) == [("out.a", 0.1, 0.2), ("in.b", None, None)]


def test_the_same_list_again_changes_nothing() -> None:
    apply_assays(listing(messages.assay()), NOW)
    before = Assay.objects.values().get()
    assert apply_assays(listing(messages.assay()), NOW + HOUR) == Listed(1, 0, 0, 0, 0)
    assert Assay.objects.values().get() == before


@pytest.mark.parametrize("name", ["".join(f"{n:04x}" for n in range(2_500)), "a\0b", "\N{RIGHT-TO-LEFT OVERRIDE}<b>"])
def test_a_hostile_name_is_only_text(name: str) -> None:
    """Wherever it stands: PostgreSQL takes no zero byte, and into an index no text of ten thousand letters."""
    assay = messages.assay(name=name, fields={f"in.{name}": (0.1, 0.2), f"out.{name}": (0.1, 0.2)})
    assay["targeting"]["data_origin"] |= {"pipeline_name": name, "workspace_name": name}
    assay["summarizer"]["UnivariateContinuous"] |= {"metric": name, "aggregation": name}
    assert apply_assays(listing(assay), NOW) == Listed(1, 1, 0, 0, 0)
    shown = name.replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert Assay.objects.get().name == shown
    assert list(Field.objects.order_by("position").values_list("key", flat=True)) == [f"in.{shown}", f"out.{shown}"]


def test_an_unknown_key_is_kept() -> None:
    apply_assays(listing(messages.assay() | {"colour": "teal"}), NOW)
    assert json.loads(Assay.objects.get().message)["colour"] == "teal"


def test_an_assay_that_is_switched_off_is_paused_since_then() -> None:
    apply_assays(listing(messages.assay()), NOW)
    off = messages.assay(active=False) | {"updated_at": text(NOW + HOUR)}
    apply_assays(listing(off), NOW + 2 * HOUR)
    row = Assay.objects.get()
    assert (row.state, row.state_since) == (State.PAUSED, NOW + HOUR)
    on = messages.assay() | {"updated_at": text(NOW + 3 * HOUR)}
    apply_assays(listing(on), NOW + 4 * HOUR)
    pause = Pause.objects.get()
    assert (pause.began_at, pause.ended_at) == (NOW + HOUR, NOW + 3 * HOUR)
    assert Assay.objects.get().state == State.NEW


def test_an_assay_no_longer_listed_is_gone_until_it_is_back() -> None:
    apply_assays(listing(messages.assay(1), messages.assay(2)), NOW)
    assert apply_assays(listing(messages.assay(1)), NOW + HOUR).gone == 1
    row = Assay.objects.get(name="assay 2")
    assert (row.state, row.gone_since) == (State.GONE, NOW + HOUR)
    apply_assays(listing(messages.assay(1), messages.assay(2)), NOW + 2 * HOUR)
    row.refresh_from_db()
    assert (row.state, row.gone_since, row.next_poll_at) == (State.NEW, None, NOW + 2 * HOUR)


def test_no_assay_is_gone_while_one_of_the_list_cannot_be_read() -> None:
    apply_assays(listing(messages.assay(1), messages.assay(2)), NOW)
    assert apply_assays(listing(messages.assay(1), bad=1), NOW) == Listed(1, 0, 0, 0, 1)
    assert not Assay.objects.exclude(gone_since=None).exists()
    assert UpstreamError.objects.get().text == "name: is missing"


def test_an_id_that_is_no_uuid_is_reported() -> None:
    apply_assays(listing(messages.assay() | {"id": "../../etc"}), NOW)
    assert not Assay.objects.exists()
    assert "no UUID" in UpstreamError.objects.get().text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202egnp.exe", "x" * 10_000, "zero\0byte", "\N{COLLISION SYMBOL}"]
)
def test_hostile_names_are_only_text(name: str) -> None:
    apply_assays(listing(messages.assay(name=name, fields={name: (0.1, 0.2)})), NOW)
    assert Assay.objects.get().name == name.replace("\0", "\N{REPLACEMENT CHARACTER}")


def test_an_assay_on_cron_has_no_period() -> None:
    assay: Any = messages.assay()
    assay["scheduling"]["run_frequency"] = {"Cron": "5 4 * * *"}
    apply_assays(listing(assay), NOW)
    assert Assay.objects.get().plan.period is None


@pytest.mark.django_db(transaction=True)
def test_two_who_list_at_once_do_no_harm() -> None:
    everything = listing(*(messages.assay(n) for n in range(1, 60)))

    def apply() -> Listed:
        try:
            return apply_assays(everything, NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = [future.result() for future in [pool.submit(apply), pool.submit(apply)]]
    assert sorted(one.new for one in told) == [0, 59]
