"""The simulated world: roads, houses, people, vehicles and how they move; all of it follows from one seed."""

from drivelabel.simulate.world.world import START_NS as START_NS
from drivelabel.simulate.world.world import ThingStates as ThingStates
from drivelabel.simulate.world.world import World as World
from drivelabel.simulate.world.world import WorldSettings as WorldSettings
