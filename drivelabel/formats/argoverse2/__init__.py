"""Argoverse 2 sensor logs: Feather tables beside images and lidar sweeps, read only."""

from drivelabel.formats.argoverse2.read import argoverse2_logs, looks_like_argoverse2, read_argoverse2
from drivelabel.formats.known import Format

FORMAT = Format(
    read=read_argoverse2,
    matches=looks_like_argoverse2,
    scenes=argoverse2_logs,
    about="Argoverse 2 sensor logs",
)
