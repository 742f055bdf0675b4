"""What the vendor's client reads with a token alone, as JSON: run by its own Python, with a plan on standard input.

The plan is `{"url", "token", "spans": {assay id: [start, end]}, "switch": [assay id, active] or null}`.
"""

import json
import os
import sys
import tempfile
from uuid import UUID

import wallaroo
from client import facts, plain, posted, reread, typed_models
from dateutil.parser import isoparse
from wallaroo.wallaroo_ml_ops_api_client import AuthenticatedClient


def signed_in(plan):
    """The whole client by a token from a file, its way without a token endpoint."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=os.environ["HOME"], delete=False) as file:
        json.dump({"token": plan["token"], "user_email": "", "user_id": ""}, file)
    os.environ["WALLAROO_SDK_CREDENTIALS"] = file.name
    return wallaroo.Client(api_endpoint=plan["url"], auth_type="token")


def reading(plan):
    client = signed_in(plan)
    typed = AuthenticatedClient(base_url=plan["url"], token=plan["token"])
    if plan["switch"]:
        assay, active = plan["switch"]
        return reread(typed, assay, posted(typed, assay, active))
    spans = {assay: tuple(map(isoparse, span)) for assay, span in plan["spans"].items()}
    return {
        "typed": typed_models(typed, spans),
        "listed": sorted((facts(assay) for assay in client.list_assays()), key=lambda told: UUID(told["id"])),
        "frames": {assay: frames(client.get_assay_results(assay, *span)) for assay, span in spans.items()},
    }


def frames(results):
    return [results.to_dataframe().to_dict("records"), results.to_full_dataframe().to_dict("records")]


if __name__ == "__main__":
    json.dump(reading(json.load(sys.stdin)), sys.stdout, default=plain)
