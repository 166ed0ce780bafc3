"""What `sftsec doctor` looks at: small checks of the machine, the installation and the state."""
