"""Training: packed data, composed lesions, recipes, the loop."""
