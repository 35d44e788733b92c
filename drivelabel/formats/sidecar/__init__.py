"""Sidecars: what a format cannot hold is kept beside an export, and found again when it is imported."""

from drivelabel.formats.sidecar.files import restore as restore
from drivelabel.formats.sidecar.files import sidecar_path as sidecar_path
from drivelabel.formats.sidecar.files import write_sidecar as write_sidecar
