"""What was recorded, when and from where, and which labels belong to it."""

from drivelabel.scene.frames import NO_SAMPLE as NO_SAMPLE
from drivelabel.scene.frames import Frames as Frames
from drivelabel.scene.frames import Source as Source
from drivelabel.scene.frames import Sweeps as Sweeps
from drivelabel.scene.images import ImageSet as ImageSet
from drivelabel.scene.images import image_set_of as image_set_of
from drivelabel.scene.images import is_image_set as is_image_set
from drivelabel.scene.instance import Instance as Instance
from drivelabel.scene.instance import LayerInstance as LayerInstance
from drivelabel.scene.layer import Layer as Layer
from drivelabel.scene.layer import MaskStore as MaskStore
from drivelabel.scene.layer import MemoryMasks as MemoryMasks
from drivelabel.scene.poses import Poses as Poses
from drivelabel.scene.scene import Scene as Scene
from drivelabel.scene.sensors import NO_DISTORTION as NO_DISTORTION
from drivelabel.scene.sensors import Camera as Camera
from drivelabel.scene.sensors import Distortion as Distortion
from drivelabel.scene.sensors import Lidar as Lidar
from drivelabel.scene.sensors import Sensor as Sensor
