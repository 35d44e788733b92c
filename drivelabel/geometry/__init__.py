"""Numbers and shapes: boxes, cameras, poses, polylines, points."""
