"""Runs flytekit's SnowflakeTask against a server. Usage: flytekit_snowflake.py ENDPOINT. Prints one JSON object."""

import json
import sys
from datetime import datetime, timezone

import forwarder
from flytekit import kwtypes, workflow
from flytekit.types.structured import StructuredDataset
from flytekitplugins.snowflake import SnowflakeConfig, SnowflakeTask

forwarder.register(sys.argv[1])

config = SnowflakeConfig(user="FLYTE", account="MYORG-MYACCOUNT", database="DEMO", schema="PUBLIC", warehouse="WH")
report = SnowflakeTask(
    name="report",
    inputs=kwtypes(big=int, ratio=float, flag=bool, name=str, at=datetime),
    output_schema_type=StructuredDataset,
    query_template="SELECT %(big)s AS big, %(ratio)s AS ratio, %(flag)s AS flag, %(name)s AS name, %(at)s AS at, '10%%' AS share",
    task_config=config,
)
broken = SnowflakeTask(name="broken", query_template="SELECT nothing FROM nowhere", task_config=config)


@workflow
def run() -> StructuredDataset:
    return report(
        big=9007199254740993,
        ratio=0.1,
        flag=True,
        name='Hamlet\'s "ghost"',
        at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
    )


outcome = {"uri": run()._literal_sd.uri}
try:
    broken()
except Exception as error:
    outcome["error"] = str(error)
print(json.dumps(outcome))
