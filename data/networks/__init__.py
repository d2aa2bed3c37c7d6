"""Pre-trained networks: cards from timm's registry, weights, blocks and features."""
