"""What sftsec.yaml may say, how it is read, and how secrets are resolved."""
