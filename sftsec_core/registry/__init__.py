"""Models on the shelf: the gate, its voters, the card, and which model is live."""
