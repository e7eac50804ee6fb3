"""KidneySegLib: kidneys, renal tumors and cysts in CT. Research software, not a medical device."""

__version__ = "0.1.0"
