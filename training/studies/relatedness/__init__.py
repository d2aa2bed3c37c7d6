"""Study: whether task relatedness predicts transfer."""
