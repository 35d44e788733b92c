"""Scenes on disk or object storage: history, layers, masks."""
