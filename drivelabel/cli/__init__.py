"""The drivelabel command: parse, call one library function, print."""
