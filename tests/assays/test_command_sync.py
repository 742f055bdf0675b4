"""`manage.py sync` by hand."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from assays import instance
from assays.credentials import StaticToken
from assays.models import Assay, Result
from assays.upstream import Client
from tests.support import messages
from tests.support.messages import START, runs
from tests.support.upstream import RESULTS, Reply, Upstream, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    with serving() as upstream:
        client = Client(upstream.url, StaticToken())
        monkeypatch.setattr(instance, "client", lambda: client)
        for n in (1, 2):
            assay = messages.assay(n)
            upstream.assays[assay["id"]] = assay
            upstream.results[assay["id"]] = [messages.result(assay, START)]
            upstream.runs[assay["id"]] = runs(START, None)
        yield upstream


def sync(*arguments: str) -> str:
    out = StringIO()
    call_command("sync", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


def test_it_reads_all_and_says_what_it_did(upstream: Upstream) -> None:
    said = sync()
    assert "2 assays listed, 2 new" in said
    assert "2 results stored, 0 errors" in said


def test_it_reads_one_when_one_is_named(upstream: Upstream) -> None:
    sync(str(UUID(int=2)))
    assert Result.objects.get().assay_id == UUID(int=2)


def test_it_names_an_assay_that_is_not_listed(upstream: Upstream) -> None:
    with pytest.raises(CommandError, match="lists no assay"):
        sync(str(UUID(int=9)))


def test_it_fails_with_one_sentence_when_upstream_does_not_answer(upstream: Upstream) -> None:
    upstream.misbehave.append(lambda *_: Reply(b'{"error": "maintenance"}', 500))
    with pytest.raises(CommandError, match="maintenance"):
        sync()


def test_it_fails_when_an_assay_cannot_be_read_and_keeps_the_others(upstream: Upstream) -> None:
    broken = str(UUID(int=1))
    upstream.misbehave.append(
        lambda path, body: Reply(b"[{", 200) if path == RESULTS and body["id"] == broken else None
    )
    with pytest.raises(CommandError, match="1 of the assays"):
        sync()
    assert Assay.objects.filter(caught_up_at__isnull=False).count() == 1
