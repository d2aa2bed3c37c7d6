"""Influence of source classes on a target, from many small models."""
