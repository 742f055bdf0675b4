"""The alerts page: which incidents it lists to whom, in which order, and what its URL says."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assays.incidents.models import Incident
from tests.dashboard.conftest import Fill


def page(browser: Client, address: str = "/alerts/") -> str:
    response = browser.get(address)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'class="inc-link[^>]*><span class="trunc">([^<]*)</span>', text)


def test_what_is_bad_is_an_incident_that_needs_someone(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="drifting")
    fill([0.05, 0.05], 2, name="calm")
    text = page(operator)
    assert Incident.objects.count() == 1
    assert "1 incident needs someone" in text
    assert titles(text) == ["drifting"]


def test_the_incident_stands_beside_the_list(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="drifting")
    text = page(operator, f"/alerts/{Incident.objects.get().pk}/")
    assert "What moved" in text
    assert "Opened as Alert" in text


def test_the_page_costs_at_most_ten_queries(
    operator: Client, fill: Fill, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 6):
        fill([0.05, 0.9], number)
    with django_assert_max_num_queries(10):
        page(operator)
