"""How far people agree: kappa and alpha, for classes and for every geometry after pairing labels."""

from drivelabel.evaluation.agreement.alpha import krippendorff_alpha as krippendorff_alpha
from drivelabel.evaluation.agreement.geometries import box_similarity as box_similarity
from drivelabel.evaluation.agreement.geometries import cuboid_similarity as cuboid_similarity
from drivelabel.evaluation.agreement.geometries import keypoint_similarity as keypoint_similarity
from drivelabel.evaluation.agreement.geometries import lane_similarity as lane_similarity
from drivelabel.evaluation.agreement.geometries import mask_similarity as mask_similarity
from drivelabel.evaluation.agreement.geometries import polygon_similarity as polygon_similarity
from drivelabel.evaluation.agreement.geometries import track_similarity as track_similarity
from drivelabel.evaluation.agreement.kappa import cohen_kappa as cohen_kappa
from drivelabel.evaluation.agreement.kappa import fleiss_kappa as fleiss_kappa
from drivelabel.evaluation.agreement.labels import Agreement as Agreement
from drivelabel.evaluation.agreement.labels import agreement as agreement
