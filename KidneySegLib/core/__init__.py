"""What everything else is built on: volumes, masks, names, findings, errors."""
