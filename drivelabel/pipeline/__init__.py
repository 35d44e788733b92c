"""The main job: scene in, labels out, resumable."""
