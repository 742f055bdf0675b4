"""A sealed text is opened by any of the keys, sealed by the newest, and shown by nothing."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from assays.notices.sealing import Sealed, SealedField, Unsealable

ADDRESS = "slack://TokenA/TokenB/TokenC"


@pytest.fixture(autouse=True)
def _one_key(settings: Settings) -> None:
    settings.NOTICE_KEYS = ["first key"]


def test_what_is_sealed_opens_again() -> None:
    assert Sealed.of(ADDRESS).open() == ADDRESS


def test_nothing_that_prints_a_sealed_text_shows_it_or_its_token() -> None:
    sealed = Sealed.of(ADDRESS)
    for shown in (repr(sealed), str(sealed), f"{sealed}", "%s" % sealed):  # noqa: UP031
        assert shown == "<sealed>"
    assert "Token" not in sealed.token


def test_a_newer_key_opens_what_the_older_one_sealed_until_that_is_dropped(settings: Settings) -> None:
    sealed = Sealed.of(ADDRESS)
    settings.NOTICE_KEYS = ["second key", "first key"]
    assert sealed.open() == ADDRESS
    again = sealed.resealed()
    settings.NOTICE_KEYS = ["second key"]
    assert again.open() == ADDRESS
    with pytest.raises(Unsealable, match="DRIFTLINE_NOTICE_KEYS"):
        sealed.open()


def test_a_text_that_is_not_sealed_cannot_be_kept() -> None:
    field: SealedField[Sealed, Sealed] = SealedField()
    with pytest.raises(TypeError, match="sealed before"):
        field.get_prep_value(ADDRESS)
    assert field.get_prep_value(Sealed("gAAAA")) == "gAAAA"
