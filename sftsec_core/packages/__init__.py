"""What a SIEM installs beside sftsec, built from the sources in `packaging/`."""
