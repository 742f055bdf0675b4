"""The pages: they check, read, draw one context and render."""
