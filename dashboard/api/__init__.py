"""The Assays V2 API as programs see it here: read from the cache, changed by `control`, else passed on upstream."""
