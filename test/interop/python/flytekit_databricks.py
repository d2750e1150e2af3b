"""Runs a function with flytekit's DatabricksV2 on a server. Usage: flytekit_databricks.py ENDPOINT. Prints one JSON object.

The functions' code goes to Databricks. What fails there, flytekit runs here once more, and prints why.
"""

import json
import sys
import tempfile

import forwarder
from flytekit import FlyteContextManager, task
from flytekit.core.data_persistence import FileAccessProvider
from flytekitplugins.spark import DatabricksV2
from flytekitplugins.spark.task import PysparkFunctionTask

forwarder.register(sys.argv[1])
# flytekit starts a Spark of its own first, for its fall-back.
PysparkFunctionTask.pre_execute = lambda self, user_params: user_params
ran_here = []


def settings(name):
    return DatabricksV2(
        spark_conf={"spark.driver.memory": "1000M"},
        databricks_conf={"run_name": name, "new_cluster": {"spark_version": "13.3.x-scala2.12", "num_workers": 2}},
        databricks_instance="acme.cloud.databricks.com",
    )


@task(task_config=settings("from flytekit"), container_image="ghcr.io/acme/spark:v1", environment={"FOO": "bar"})
def count(n: int):
    ran_here.append("count")


@task(
    task_config=DatabricksV2(databricks_conf={"existing_cluster_id": "c1", "python_file": "/Workspace/broken.py"}),
    container_image="ghcr.io/acme/spark:v1",
)
def broken():
    ran_here.append("broken")


context = FlyteContextManager.current_context()
access = FileAccessProvider(tempfile.mkdtemp(), raw_output_prefix="memory://bucket/flytekit")
with FlyteContextManager.with_context(context.with_file_access(access)):
    count(n=3)
    broken()
print(json.dumps({"ranHere": ran_here}))
