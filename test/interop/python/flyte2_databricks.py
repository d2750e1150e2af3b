"""Runs a function with flyte-sdk's Databricks on a server. Usage: flyte2_databricks.py ENDPOINT. Prints one JSON object."""

import json
import os
import sys
import tempfile

import flyte
import flyte2_forwarder
from flyteplugins.databricks import Databricks

# The name of the secret, which a cluster would look up.
os.environ["databricks_token"] = "dapi-from-flyte2"
ran_here = []
settings = Databricks(
    databricks_conf={"run_name": "from flyte-sdk", "new_cluster": {"spark_version": "13.3.x-scala2.12", "num_workers": 2}},
    databricks_instance="acme.cloud.databricks.com",
    databricks_token="databricks_token",
)
environment = flyte.TaskEnvironment(name="databricks", plugin_config=settings, image=flyte.Image.from_base("ghcr.io/acme/spark:v1"))


@environment.task
async def count(n: int) -> None:
    ran_here.append("count")


flyte2_forwarder.register(sys.argv[1], count.native_interface)
flyte.init()
with tempfile.TemporaryDirectory() as folder:
    # Where it runs, flyte-sdk makes folders of the prefix's parts.
    os.chdir(folder)
    flyte.with_runcontext(mode="local", raw_data_path="memory://bucket/flyte2").run(count, n=3)
    os.chdir("/")
print(json.dumps({"ranHere": ran_here}))
