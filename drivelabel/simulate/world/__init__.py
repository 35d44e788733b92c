"""The simulated world: roads, houses, people, vehicles and how they move; all of it follows from one seed."""

from drivelabel.simulate.world.settings import START_NS as START_NS
from drivelabel.simulate.world.settings import WorldSettings as WorldSettings
from drivelabel.simulate.world.states import ThingStates as ThingStates
from drivelabel.simulate.world.world import World as World
