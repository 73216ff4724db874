"""The only place that downloads or reads geodata."""
