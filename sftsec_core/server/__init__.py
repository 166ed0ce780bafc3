"""`sftsec serve`: an HTTP endpoint that scores events with the live models.

It is for callers that cannot load a model themselves, such as Splunk's search command. It writes
neither to the SIEM nor to the outbox, and stores nothing of an event.
"""
