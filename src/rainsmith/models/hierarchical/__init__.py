"""The hierarchical cVAE, the default model: network, objective, mass, and the model in physical units."""
