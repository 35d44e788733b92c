"""Other people's data: readers and writers."""
