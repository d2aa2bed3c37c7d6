"""One image: what its bytes are, the picture that a person would see, or why there is none."""
