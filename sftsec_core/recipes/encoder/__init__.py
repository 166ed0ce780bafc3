"""Fine-tuned transformers: the only modules that import torch."""
