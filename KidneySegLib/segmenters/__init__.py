"""From an image to class probabilities, and back onto the image's own grid."""
