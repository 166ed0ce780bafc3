"""A connector, a step and a recipe for sftsec: copy it to start your own."""
