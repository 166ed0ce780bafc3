"""One spelling for what is read or executed alike."""
