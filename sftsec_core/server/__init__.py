"""`sftsec serve`: a small HTTP endpoint that scores events with the models in service.

It is for callers that cannot hold a model themselves, as Splunk's search command. It reads and
answers; it writes neither to the SIEM nor to the outbox, and keeps nothing of an event.
"""
