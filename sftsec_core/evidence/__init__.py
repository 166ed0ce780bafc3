"""What is told of a model to those who examine it from outside: one archive, without a secret."""
