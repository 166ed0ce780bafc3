"""For whom a model works: figures by group, and what narrows a gap."""
