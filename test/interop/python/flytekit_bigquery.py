"""Runs flytekit's BigQueryTask against a server, and reads the rows through the jobs API.

Usage: flytekit_bigquery.py ENDPOINT BIGQUERY, two addresses. Prints one JSON object.
"""

import json
import sys
from datetime import datetime, timezone
from typing import List, Optional

import bigquery_rows
import forwarder
from flytekit import kwtypes, workflow
from flytekit.types.structured import StructuredDataset
from flytekitplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud import bigquery

endpoint, api = sys.argv[1:]
forwarder.register(endpoint)

settings = bigquery.QueryJobConfig(
    destination=bigquery.TableReference.from_string("p.out.flytekit"),
    write_disposition="WRITE_TRUNCATE",
    query_parameters=[
        bigquery.ScalarQueryParameter("day", "DATE", None),
        bigquery.ScalarQueryParameter("static", "STRING", "from-config"),
    ],
)
report = BigQueryTask(
    name="report",
    inputs=kwtypes(big=int, ratio=float, flag=bool, name=str, at=datetime, day=datetime, ids=List[int], missing=Optional[int]),
    output_structured_dataset_type=StructuredDataset,
    query_template=bigquery_rows.QUERY,
    task_config=BigQueryConfig(ProjectID="p", Location="EU", QueryJobConfig=settings),
)
broken = BigQueryTask(name="broken", query_template="SELECT FROM", task_config=BigQueryConfig(ProjectID="p", Location="EU"))


@workflow
def run() -> StructuredDataset:
    return report(
        big=9007199254740993,
        ratio=0.1,
        flag=True,
        name='Hamlet\'s "ghost"',
        at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
        day=datetime(2026, 1, 2, tzinfo=timezone.utc),
        ids=[1, 2, 3],
        missing=None,
    )


result = run()
outcome = {"uri": result._literal_sd.uri, **bigquery_rows.read(api)}
try:
    broken()
except Exception as error:
    outcome["error"] = str(error)
print(json.dumps(outcome))
