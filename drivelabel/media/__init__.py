"""Decoding of images, video and point clouds, and the files of drives."""
