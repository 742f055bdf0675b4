"""History on paper and by mail."""
