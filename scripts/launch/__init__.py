"""How a checkout becomes a running Driftline. The standard library alone: it runs before anything is installed."""
