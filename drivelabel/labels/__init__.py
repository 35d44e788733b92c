"""What one annotation is. Tables of columns, one row per label; no vendor's names, no pixels decoded."""

from drivelabel.labels._table import HUMAN as HUMAN
from drivelabel.labels._table import IMPORTED as IMPORTED
from drivelabel.labels._table import INTERPOLATED as INTERPOLATED
from drivelabel.labels._table import MODEL as MODEL
from drivelabel.labels._table import NEW_ROW as NEW_ROW
from drivelabel.labels._table import NO_TRACK as NO_TRACK
from drivelabel.labels._table import ORIGINS as ORIGINS
from drivelabel.labels._table import Ragged as Ragged
from drivelabel.labels._table import Table as Table
from drivelabel.labels.attributes import ABSENT as ABSENT
from drivelabel.labels.attributes import AttributeColumn as AttributeColumn
from drivelabel.labels.attributes import Attributes as Attributes
from drivelabel.labels.boxes2d import Boxes2D as Boxes2D
from drivelabel.labels.boxes3d import UNKNOWN_COUNT as UNKNOWN_COUNT
from drivelabel.labels.boxes3d import Boxes3D as Boxes3D
from drivelabel.labels.grouped import Grouped as Grouped
from drivelabel.labels.keypoints import Keypoints as Keypoints
from drivelabel.labels.lanes import LINE_SOURCES as LINE_SOURCES
from drivelabel.labels.lanes import LINE_STYLES as LINE_STYLES
from drivelabel.labels.lanes import UNKNOWN_POSITION as UNKNOWN_POSITION
from drivelabel.labels.lanes import LaneLines as LaneLines
from drivelabel.labels.lights import ARROWS as ARROWS
from drivelabel.labels.lights import BULBS as BULBS
from drivelabel.labels.lights import LIGHT_STATES as LIGHT_STATES
from drivelabel.labels.lights import RELEVANCES as RELEVANCES
from drivelabel.labels.lights import TrafficLights as TrafficLights
from drivelabel.labels.masks import NO_INSTANCE as NO_INSTANCE
from drivelabel.labels.masks import VOID as VOID
from drivelabel.labels.masks import InstanceMap as InstanceMap
from drivelabel.labels.masks import LabelMap as LabelMap
from drivelabel.labels.polygons import Polygons as Polygons
from drivelabel.labels.tags import Tags as Tags
from drivelabel.labels.taxonomies import ARGOVERSE2 as ARGOVERSE2
from drivelabel.labels.taxonomies import BDD100K as BDD100K
from drivelabel.labels.taxonomies import CITYSCAPES as CITYSCAPES
from drivelabel.labels.taxonomies import COCO as COCO
from drivelabel.labels.taxonomies import DRIVING as DRIVING
from drivelabel.labels.taxonomies import KITTI as KITTI
from drivelabel.labels.taxonomies import NUSCENES as NUSCENES
from drivelabel.labels.taxonomies import PANDASET as PANDASET
from drivelabel.labels.taxonomies import TAXONOMIES as TAXONOMIES
from drivelabel.labels.taxonomies import UNMAPPED as UNMAPPED
from drivelabel.labels.taxonomies import get_taxonomy as get_taxonomy
from drivelabel.labels.taxonomies import mapping as mapping
from drivelabel.labels.taxonomy import Category as Category
from drivelabel.labels.taxonomy import Taxonomy as Taxonomy

TABLES: dict[str, type[Table]] = {
    kind.KIND: kind for kind in (Boxes2D, Boxes3D, LaneLines, TrafficLights, Keypoints, Polygons, Tags)
}
"""Every kind of table, by the name it has in a layer."""
