"""Reports: tables and pictures of a result."""
