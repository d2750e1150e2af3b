"""Prints the descriptors of a generated module and of all that it imports: a FileDescriptorSet in base64.

Usage: descriptors.py MODULE, for example flyteidl.service.agent_pb2
"""

import base64
import importlib
import sys

from google.protobuf import descriptor_pb2


def closure(file, files):
    """Adds the file's imports, then the file itself."""
    if file.name in files:
        return
    for dependency in file.dependencies:
        closure(dependency, files)
    files[file.name] = file


def main():
    files = {}
    closure(importlib.import_module(sys.argv[1]).DESCRIPTOR, files)
    result = descriptor_pb2.FileDescriptorSet()
    for file in files.values():
        file.CopyToProto(result.file.add())
    print(base64.b64encode(result.SerializeToString()).decode())


main()
