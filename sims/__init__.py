"""The simulator: from a learning rate to trained weights."""
