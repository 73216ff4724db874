"""Everybody covered, the longest walk, sites far apart: questions that a covering or a packing answers."""
