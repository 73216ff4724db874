"""A made-up city after Chuanhui District in Zhoukou, for the default run, the docs and the tests.

`city` is the recipe; `plan` draws where is what, `canvas` how it becomes an extract.
"""

from planner.sources.made_up.city import write_city

__all__ = ["write_city"]
