"""Starts bqemulator. Usage: bqemulator_start.py PORT

DuckDB would download its extensions; those that are installed as packages are put where it looks for them, below HOME.
"""

import sys

from bqemulator.__main__ import main
from duckdb_extensions import import_extension

for extension in ("spatial", "icu", "json"):
    import_extension(extension)
sys.argv[1:] = ["start", "--rest-port", sys.argv[1], "--grpc-port", "0", "--log-level", "error"]
main()
