"""Areas of an image; one adapter file per foreign model."""

from drivelabel.tasks.segment.twinlitenet import TwinLiteNet as TwinLiteNet
