"""DGP (Dataset Governance Policy) scenes such as DDAD: JSON beside images and points, read only."""

from drivelabel.formats.dgp.read import dgp_scenes, looks_like_dgp, read_dgp
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    read=read_dgp,
    matches=looks_like_dgp,
    scenes=dgp_scenes,
    pixels=CORNER,
    about="DGP scenes (DDAD), JSON with images and points",
)
