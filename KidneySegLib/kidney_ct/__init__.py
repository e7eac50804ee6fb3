"""Kidneys, tumors and cysts in CT: what is checked, cleaned, refined and said."""
