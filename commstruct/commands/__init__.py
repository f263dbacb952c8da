"""What the commands of the command line are made of."""
