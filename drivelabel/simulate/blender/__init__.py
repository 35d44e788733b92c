"""Pictures by Blender's Cycles, in a Python of its own, of the world that our renderer draws."""

from drivelabel.simulate.blender.agreement import Agreement as Agreement
from drivelabel.simulate.blender.agreement import compare_maps as compare_maps
from drivelabel.simulate.blender.pictures import BlenderRenderer as BlenderRenderer
from drivelabel.simulate.blender.pictures import BlenderSettings as BlenderSettings
from drivelabel.simulate.blender.worker import PYTHON_VARIABLE as PYTHON_VARIABLE
