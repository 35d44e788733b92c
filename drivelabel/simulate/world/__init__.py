"""The simulated world: roads, houses, people, vehicles and how they move; all of it follows from one seed."""

from drivelabel.simulate.world.world import World as World
