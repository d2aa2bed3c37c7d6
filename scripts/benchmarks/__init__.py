"""`zoograph benchmark`: one file a benchmark."""
