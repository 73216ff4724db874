"""Integer programmes over plain arrays; the only place that knows a solver."""
