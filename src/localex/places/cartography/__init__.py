"""Draws the map of a community as one SVG, for installations that ask no third party for tiles."""
