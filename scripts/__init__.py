"""What can be asked: the commands, one verb a file."""
