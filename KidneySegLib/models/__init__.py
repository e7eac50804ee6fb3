"""Model packages: manifest, weights, registry."""
