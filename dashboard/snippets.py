"""Programs that read what a page shows, ready to copy: by requests, and by the vendor's own client. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from assays.schedule import MICROSECOND


@dataclass(frozen=True, slots=True)
class Shown:
    """One field's windows that end after `after` and not after `until`."""

    assay: str
    field: str
    after: datetime
    until: datetime

    @property
    def bounds(self) -> list[str]:
        """The same as the API counts: from the first moment, and before the second."""
        return [(moment + MICROSECOND).isoformat() for moment in (self.after, self.until)]


def by_requests(shown: Shown) -> str:
    start, end = shown.bounds
    asked = {"assay": shown.assay, "field": shown.field, "start": start, "end": end}
    return f"""import os

import requests

asked = {_literal(asked)}
session = requests.Session()
session.headers["Authorization"] = f"Bearer {{os.environ['DRIFTLINE_TOKEN']}}"
answer = session.get(f"{{os.environ['DRIFTLINE_URL']}}/v1/api/series", params=asked)
answer.raise_for_status()
for window in answer.json()["windows"]:
    print(window["window_end"], window["state"], window["score"])
"""


def by_client(shown: Shown) -> str:
    """The vendor's client, which knows of windows with a score alone."""
    return f"""import json
import os
import tempfile
from datetime import datetime

with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
    json.dump({{"token": os.environ["DRIFTLINE_TOKEN"], "user_email": "", "user_id": ""}}, file)
os.environ["WALLAROO_SDK_CREDENTIALS"] = file.name

import wallaroo

client = wallaroo.Client(api_endpoint=os.environ["DRIFTLINE_URL"], auth_type="token")
start, end = (datetime.fromisoformat(text) for text in {_literal(shown.bounds)})
results = client.get_assay_results({_literal(shown.assay)}, start, end)
for result in sorted((result.raw for result in results), key=lambda result: result.window_end):
    print(result.window_end.isoformat(), result.status, result.scores[{_literal(shown.field)}].score)
"""


def _literal(value: object) -> str:
    """As Python and JSON both write it: texts in quotes, whatever stands in them."""
    return json.dumps(value, ensure_ascii=True)
