"""Files and folders: what comes in, and what is written."""
