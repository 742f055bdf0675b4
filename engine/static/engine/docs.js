/* Starts Swagger UI; a file of its own, so that the policy needs no inline script. */
SwaggerUIBundle({ url: "/v1/api/openapi.json", dom_id: "#api", deepLinking: true });
