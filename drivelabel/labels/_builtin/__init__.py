"""The built-in taxonomies, one file each; :mod:`drivelabel.labels.taxonomies` is their door."""
