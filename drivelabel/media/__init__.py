"""Decoding of images, video and point clouds, and the files of drives."""

from drivelabel.media._sources import IngestOptions as IngestOptions
from drivelabel.media._sources import hashed_source as hashed_source
from drivelabel.media.calibration import Calibration as Calibration
from drivelabel.media.calibration import calibrate as calibrate
from drivelabel.media.frames import FrameReader as FrameReader
from drivelabel.media.frames import open_frames as open_frames
from drivelabel.media.images import read_image as read_image
from drivelabel.media.ingest import READERS as READERS
from drivelabel.media.ingest import detect_format as detect_format
from drivelabel.media.ingest import ingest as ingest
from drivelabel.media.sweeps import Sweep as Sweep
from drivelabel.media.sweeps import read_point_labels as read_point_labels
from drivelabel.media.sweeps import read_sweep as read_sweep
from drivelabel.media.sweeps import world_from_lidar as world_from_lidar
from drivelabel.media.video import VideoReader as VideoReader
