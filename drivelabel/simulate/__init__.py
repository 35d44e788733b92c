"""Drives with exact truth: a small world, sensors in it, and every label that follows."""
