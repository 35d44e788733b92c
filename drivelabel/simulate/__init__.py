"""Drives with exact truth: a small world, sensors in it, and every label that follows."""

from drivelabel.simulate.corrupt import ERROR_KINDS as ERROR_KINDS
from drivelabel.simulate.corrupt import Mistakes as Mistakes
from drivelabel.simulate.corrupt import PlantedError as PlantedError
from drivelabel.simulate.corrupt import corrupt as corrupt
from drivelabel.simulate.rig import Rig as Rig
from drivelabel.simulate.rig import RigCamera as RigCamera
from drivelabel.simulate.rig import RigLidar as RigLidar
from drivelabel.simulate.rig import default_rig as default_rig
from drivelabel.simulate.rig import read_rig as read_rig
from drivelabel.simulate.settings import WEATHERS as WEATHERS
from drivelabel.simulate.settings import SimulateSettings as SimulateSettings
from drivelabel.simulate.simulate import Simulation as Simulation
from drivelabel.simulate.simulate import simulate as simulate
from drivelabel.simulate.world import World as World
from drivelabel.simulate.world import WorldSettings as WorldSettings
