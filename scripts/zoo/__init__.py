"""`zoograph zoo` and `zoograph text`: how the shipped tables are made."""
