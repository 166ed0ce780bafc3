"""Several sites train one model together; their incidents stay where they are."""
