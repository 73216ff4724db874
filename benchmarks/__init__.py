"""Side by side with peers, in one run: same graph, same sources, same limit, answers compared first."""
