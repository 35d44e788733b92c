"""From pixels and points to labels; one adapter file per foreign model."""
