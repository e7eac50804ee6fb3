"""The cascade that ships: a coarse locator, a fine 3-D network, axial 2-D networks."""
