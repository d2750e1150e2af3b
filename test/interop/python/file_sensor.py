"""Runs flytekit's FileSensor against a server. Usage: file_sensor.py ENDPOINT PATH. Prints one JSON object."""

import json
import sys

import forwarder
from flytekit import workflow
from flytekit.sensor.file_sensor import FileSensor

endpoint, path = sys.argv[1:]
agents = forwarder.register(endpoint)
sensor = FileSensor(name="wait_for_file")


@workflow
def wait(path: str):
    sensor(path=path)


outcome = {"announced": sorted(c.name for agent in agents for c in agent.supported_task_categories)}
try:
    wait(path=path)
    outcome["phase"] = "SUCCEEDED"
except Exception as error:
    outcome["error"] = str(error)
print(json.dumps(outcome))
