"""The recipe `hardened`: the worst window of a canonical text decides."""
