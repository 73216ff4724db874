"""Where a city's public facilities should go: coverage on foot, proven siting plans, offline maps."""
