"""Image classification tasks: from folders, torchvision and Hugging Face datasets."""
