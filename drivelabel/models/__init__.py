"""Weights: what they are, where they lie, whether they are whole."""

from drivelabel.models.known import KNOWN as KNOWN
from drivelabel.models.known import WeightFile as WeightFile
from drivelabel.models.registry import cache_folder as cache_folder
from drivelabel.models.registry import find_weights as find_weights
from drivelabel.models.registry import models_folder as models_folder
from drivelabel.models.registry import sha256_of as sha256_of
