"""Sensors in the simulated world: cameras with weather and lenses, spinning lidars; each with exact truth."""

from drivelabel.simulate.render.camera import Lit as Lit
from drivelabel.simulate.render.camera import Render as Render
from drivelabel.simulate.render.camera import light_up as light_up
from drivelabel.simulate.render.camera import render_camera as render_camera
from drivelabel.simulate.render.lidar import LidarModel as LidarModel
from drivelabel.simulate.render.lidar import SweepRender as SweepRender
from drivelabel.simulate.render.lidar import cast_lidar as cast_lidar
from drivelabel.simulate.render.light import Effects as Effects
from drivelabel.simulate.render.light import Light as Light
