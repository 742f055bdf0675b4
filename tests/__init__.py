"""The tests, in the folders of what they test; `support` holds the servers they talk to."""
