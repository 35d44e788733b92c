"""What runs inside Blender's Python: it imports bpy, numpy and its own neighbours, never drivelabel."""
