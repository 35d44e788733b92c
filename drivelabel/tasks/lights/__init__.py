"""Traffic lights: what their housings show."""

from drivelabel.tasks.lights.colour import ColourLights as ColourLights
