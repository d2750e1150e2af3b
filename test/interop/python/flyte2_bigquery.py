"""Runs flyte-sdk's BigQueryTask against a server, and reads the rows through the jobs API.

Usage: flyte2_bigquery.py ENDPOINT BIGQUERY, two addresses. Prints one JSON object.
"""

import json
import os
import sys
from datetime import datetime, timezone
from typing import List, Optional

import bigquery_rows
import flyte
import flyte2_forwarder
from flyte.io import DataFrame
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud import bigquery

endpoint, api = sys.argv[1:]
# The name of the secret, which a cluster would look up.
os.environ["gcp_sa"] = '{"type": "service_account"}'

settings = bigquery.QueryJobConfig(
    destination=bigquery.TableReference.from_string("p.out.flyte2"),
    write_disposition="WRITE_TRUNCATE",
    query_parameters=[
        bigquery.ScalarQueryParameter("day", "DATE", None),
        bigquery.ScalarQueryParameter("static", "STRING", "from-config"),
    ],
)
report = BigQueryTask(
    name="report",
    inputs={"big": int, "ratio": float, "flag": bool, "name": str, "at": datetime, "day": datetime, "ids": List[int], "missing": Optional[int]},
    output_dataframe_type=DataFrame,
    query_template=bigquery_rows.QUERY,
    plugin_config=BigQueryConfig(ProjectID="p", Location="EU", QueryJobConfig=settings),
    google_application_credentials="gcp_sa",
)
broken = BigQueryTask(
    name="broken", query_template="SELECT FROM", plugin_config=BigQueryConfig(ProjectID="p", Location="EU"), google_application_credentials="gcp_sa"
)
flyte.TaskEnvironment.from_task("bigquery", report, broken)
flyte.init()


def run(task, **inputs):
    flyte2_forwarder.register(endpoint, task.native_interface)
    return flyte.with_runcontext(mode="local").run(task, **inputs)


[result] = run(
    report,
    big=9007199254740993,
    ratio=0.1,
    flag=True,
    name='Hamlet\'s "ghost"',
    at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
    day=datetime(2026, 1, 2, tzinfo=timezone.utc),
    ids=[1, 2, 3],
    missing=None,
).outputs()
outcome = {"uri": result.uri, **bigquery_rows.read(api)}
try:
    run(broken)
except Exception as error:
    outcome["error"] = str(error)
print(json.dumps(outcome))
