"""The reference cVAE: network, loss, and the model in physical units."""
