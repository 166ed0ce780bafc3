"""Whether what is scored is still like what the live model was made of; holds no text."""
