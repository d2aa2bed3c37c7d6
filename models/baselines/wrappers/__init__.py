"""Wrappers: methods that change what another method sees."""
