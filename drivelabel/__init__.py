"""Labels for autonomous-driving logs."""

__version__ = "0.1.0"
