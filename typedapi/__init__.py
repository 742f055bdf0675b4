"""A typed JSON API over Django: operations, and the OpenAPI document that describes them."""
