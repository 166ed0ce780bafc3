"""More than one machine: training and scoring on a Ray cluster."""
