"""Figures of the events before an event, from a state that grows with the stream."""
