"""Runs flytekit's ChatGPTTask and its batch workflow against a server. Usage: openai_tasks.py ENDPOINT QUESTION. Prints one JSON object.

The files of the batch are uploaded and downloaded by flytekit's own tasks, in this process: OPENAI_BASE_URL and the secret
_FSEC_OPENAI_API_KEY lead them to the service.
"""

import json
import sys
import tempfile

import forwarder
from flytekit import Secret, workflow
from flytekit.types.file import JSONLFile
from flytekitplugins.openai import ChatGPTTask, create_batch

endpoint, question = sys.argv[1:]
agents = forwarder.register(endpoint)
chat = ChatGPTTask(name="chat", chatgpt_config={"model": "gpt-4o-mini", "temperature": 0.7}, openai_organization="org-1")
batch = create_batch(name="batch", secret=Secret(group="openai", key="api_key"), config={"metadata": {"team": "data"}}, is_json_iterator=False)


@workflow
def ask(message: str) -> str:
    return chat(message=message)


def line(custom_id, model):
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})


def read(file):
    if file is None:
        return None
    with open(file) as lines:
        return [json.loads(each) for each in lines]


outcome = {"announced": sorted((c.name, agent.is_sync) for agent in agents for c in agent.supported_task_categories)}
try:
    outcome["answer"] = ask(message=question)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("\n".join([line("good", "gpt-4o-mini"), line("bad", "no-such-model")]))
        file.flush()
        result = batch(jsonl_in=JSONLFile(file.name))
    outcome["output"] = read(result.output_file)
    outcome["error"] = read(result.error_file)
except Exception as error:
    outcome["error"] = str(error)
print(json.dumps(outcome))
