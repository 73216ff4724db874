"""`python -m planner.scenario` prints the JSON Schema of scenario files."""

import sys

from planner.scenario import json_schema

sys.stdout.write(json_schema())
