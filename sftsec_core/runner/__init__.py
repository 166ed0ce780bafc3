"""Workers: they claim runs from the queue and carry each out in a process of its own."""
