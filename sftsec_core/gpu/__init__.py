"""NVIDIA GPUs of this machine: which there are, who uses them, and which a run may take."""
