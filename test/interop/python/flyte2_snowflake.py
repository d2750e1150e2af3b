"""Runs flyte-sdk's Snowflake task against a server. Usage: flyte2_snowflake.py ENDPOINT KEYFILE. Prints one JSON object."""

import json
import os
import sys
from datetime import datetime, timezone

import flyte
import flyte2_forwarder
from flyte.io import DataFrame
from flyteplugins.snowflake import Snowflake, SnowflakeConfig

endpoint, key_file = sys.argv[1:]
# The name of the secret, which a cluster would look up.
with open(key_file) as file:
    os.environ["TEAM_A_KEY"] = file.read()

report = Snowflake(
    name="report",
    inputs={"big": int, "ratio": float, "flag": bool, "name": str, "at": datetime},
    output_dataframe_type=DataFrame,
    query_template="SELECT %(big)s AS big, %(ratio)s AS ratio, %(flag)s AS flag, %(name)s AS name, %(at)s AS at, '10%%' AS share",
    plugin_config=SnowflakeConfig(
        account="MYORG-MYACCOUNT",
        user="FLYTE",
        database="DEMO",
        schema="PUBLIC",
        warehouse="WH",
        connection_kwargs={"role": "ANALYST", "session_parameters": {"QUERY_TAG": "nightly"}},
    ),
    secret_group="team-a",
    snowflake_private_key="key",
)
flyte2_forwarder.register(endpoint, report.native_interface)
flyte.TaskEnvironment.from_task("snowflake", report)
flyte.init()
run = flyte.with_runcontext(mode="local").run(
    report,
    big=9007199254740993,
    ratio=0.1,
    flag=True,
    name='Hamlet\'s "ghost"',
    at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
)
[result] = run.outputs()
print(json.dumps({"uri": result.uri, "error": ""}))
