"""Numbers and shapes: boxes, cameras, poses, polylines, points."""

from drivelabel.geometry.poses import interpolate_poses as interpolate_poses
from drivelabel.geometry.poses import invert_rigid as invert_rigid
from drivelabel.geometry.poses import matrix_to_quat_wxyz as matrix_to_quat_wxyz
from drivelabel.geometry.poses import pose_matrix as pose_matrix
from drivelabel.geometry.poses import quat_of_yaw as quat_of_yaw
from drivelabel.geometry.poses import quat_wxyz_to_matrix as quat_wxyz_to_matrix
from drivelabel.geometry.poses import transform_points as transform_points
from drivelabel.geometry.poses import yaw_of_quat as yaw_of_quat
