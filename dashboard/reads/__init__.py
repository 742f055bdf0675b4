"""What the pages read of the cache: queries, and nothing else."""
