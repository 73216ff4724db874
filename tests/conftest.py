"""How many random cases each property is tried on: 50, or as many as PLANNER_EXAMPLES says (`make slow`: 500)."""

import os

from hypothesis import settings

settings.register_profile("planner", max_examples=int(os.environ.get("PLANNER_EXAMPLES", "50")), deadline=None)
settings.load_profile("planner")
