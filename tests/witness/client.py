"""What the vendor's client sees of an engine: run by its own Python, it reads a plan and prints its testimony as JSON.

The plan is `{"url", "spans": {assay id: [start, end]}, "switched": assay id, "workspace": its id}`; the account comes
by the environment, in the client's own names.
"""

import json
import os
import sys
from datetime import datetime, timedelta
from uuid import UUID

import attrs
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import wallaroo
from dateutil.parser import isoparse
from wallaroo.assays_v2 import AssayV2
from wallaroo.auth import TokenFetchError, logout
from wallaroo.wallaroo_ml_ops_api_client import AuthenticatedClient
from wallaroo.wallaroo_ml_ops_api_client.api.assays import get, get_by_id, get_next_run, get_results, set_active
from wallaroo.wallaroo_ml_ops_api_client.api.misc import features_list
from wallaroo.wallaroo_ml_ops_api_client.models import (
    FilterOnActive,
    GetBody,
    GetByIdBody,
    GetNextRunBody,
    GetResultsBody,
    SetActiveBody,
)


def testimony(plan):
    client = wallaroo.Client(api_endpoint=plan["url"], auth_type="user_password")
    token = client.auth._access_token()
    typed = AuthenticatedClient(base_url=plan["url"], token=token.token)
    spans = {assay: tuple(map(isoparse, span)) for assay, span in plan["spans"].items()}
    return {
        "sign_in": sign_in(client, token),
        "switched": switched(client, typed, plan["switched"]),
        "typed": typed_models(typed, spans),
        "listed": [facts(assay) for assay in client.list_assays()],
        "of_workspace": [assay.id for assay in client.list_assays(workspace_id=plan["workspace"])],
        "results": {assay: results(client, assay, *span) for assay, span in spans.items()},
        "refused": refused(plan, typed),
    }


def sign_in(client, token):
    """Also with the refresh token: the client's way with a token that has expired, taken now."""
    expired = token._replace(expiry=datetime.now() - timedelta(minutes=1))  # noqa: DTZ005  (it compares naive times)
    renewed = client.auth.fetcher.fetcher.Refresh(expired)
    return {"subject": client.auth.user_id(), "email": client.auth.user_email(), "tokens": [token.token, renewed.token]}


def switched(client, typed, assay):
    """Off and on again by the whole client, then by the typed one; what a re-read says after each."""
    by_whole = AssayV2(client, assay)
    return [
        reread(typed, assay, by_whole.pause().active),
        reread(typed, assay, by_whole.resume().active),
        reread(typed, assay, posted(typed, assay, False)),
        reread(typed, assay, posted(typed, assay, True)),
    ]


def posted(typed, assay, active):
    return set_active.sync_detailed(client=typed, body=SetActiveBody(active, UUID(assay))).content.decode()


def reread(typed, assay, answer):
    now = get_by_id.sync(client=typed, body=GetByIdBody(UUID(assay)))
    due = get_next_run.sync(client=typed, body=GetNextRunBody(UUID(assay)))
    return {"answer": answer, "active": now.active, "updated_at": now.updated_at, "next_run": due.next_run}


def typed_models(typed, spans):
    every = get.sync_detailed(client=typed, body=GetBody(FilterOnActive.ALL))
    ids = [assay.id for assay in every.parsed]
    return {
        "features": heard(features_list.sync_detailed(client=typed)),
        "get": {
            active.value: heard(get.sync_detailed(client=typed, body=GetBody(active))) for active in FilterOnActive
        },
        "get_by_id": {str(each): heard(get_by_id.sync_detailed(client=typed, body=GetByIdBody(each))) for each in ids},
        "get_next_run": {
            str(each): heard(get_next_run.sync_detailed(client=typed, body=GetNextRunBody(each))) for each in ids
        },
        "get_results": {
            each: heard(get_results.sync_detailed(client=typed, body=GetResultsBody(UUID(each), end=end, start=start)))
            for each, (start, end) in spans.items()
        },
    }


def refused(plan, typed):
    """What is said to a wrong password, to a token of nobody's, and of an assay that is not there."""
    stranger = AuthenticatedClient(base_url=plan["url"], token="of.nobody.s")
    return {
        "password": wrong_password(plan["url"]),
        "token": get_by_id.sync_detailed(client=stranger, body=GetByIdBody(UUID(plan["switched"]))).status_code,
        "assay": get_by_id.sync_detailed(client=typed, body=GetByIdBody(UUID(int=0))).status_code,
    }


def wrong_password(url):
    logout()
    os.environ["WALLAROO_PASSWORD"] = "wrong"
    try:
        wallaroo.Client(api_endpoint=url, auth_type="user_password")
    except TokenFetchError as error:
        return str(error)
    return None


def heard(answer):
    """An answer as the models understood it, and what they did not understand."""
    parsed = answer.parsed
    said = [each.to_dict() for each in parsed] if isinstance(parsed, list) else parsed.to_dict()
    return {"status": answer.status_code, "said": said, "lost": sorted(set(lost(parsed)))}


def lost(node, place=""):
    """Places of keys no model knows, and of parts left as they came because no type of a union fits them."""
    if isinstance(node, list):
        for each in node:
            yield from lost(each, place)
    elif isinstance(node, dict):
        yield place
    elif attrs.has(type(node)):
        parts = {field.name: getattr(node, field.name) for field in attrs.fields(type(node))}
        others = parts.pop("additional_properties")
        for name, part in parts.items():
            yield from lost(part, f"{place}.{name}")
        for name, part in others.items():
            if parts:
                yield f"{place}.{name}"
            yield from lost(part, f"{place}.*")


def facts(assay):
    due = assay._next_run()
    return {
        "id": assay.id,
        "name": assay.name,
        "active": assay.active,
        "field": assay._get_iopath(),
        "baseline": assay.baseline.summary.to_dict(),
        "last_run": due.last_run,
        "next_run": due.next_run,
    }


def results(client, assay, start, end):
    """What `get_assay_results` gives, its frames, and of its charts what is drawn."""
    found = client.get_assay_results(assay, start, end)
    return {
        "frame": found.to_dataframe().to_dict("records"),
        "full": found.to_full_dataframe().to_dict("records"),
        "scores": drawn(found.chart_scores) if found else None,
        "iopaths": drawn(found.chart_iopaths) if found else None,
        "newest": newest(found[0]) if found else None,
    }


def newest(result):
    return {
        "bins": result.compare_bins().to_dict("list"),
        "statistics": result.compare_basic_stats().to_dict(),
        "chart": drawn(result.chart),
    }


def drawn(chart):
    """What a chart shows, and whether its picture has any ink; an error of the client's as text."""
    plt.close("all")
    try:
        chart()
    except (UnboundLocalError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    figure, axes = plt.gcf(), plt.gca()
    figure.canvas.draw()
    return {
        "title": axes.get_title(),
        "bars": [[bar.get_height() for bar in container] for container in axes.containers],
        "labels": [label.get_text() for label in axes.get_xticklabels()],
        "notes": [text.get_text() for text in axes.texts],
        "dots": [[mpl.dates.num2date(x), y] for dots in axes.collections for x, y in dots.get_offsets().tolist()],
        "colours": [mpl.colors.to_hex(colour) for dots in axes.collections for colour in dots.get_facecolors()],
        "inked": bool(np.ptp(figure.canvas.buffer_rgba())),
    }


def plain(node):
    """Times as ISO, numbers of numpy's as Python's, anything else as text."""
    for convert in ("isoformat", "item"):
        if hasattr(node, convert):
            return getattr(node, convert)()
    return str(node)


if __name__ == "__main__":
    json.dump(testimony(json.load(sys.stdin)), sys.stdout, default=plain)
