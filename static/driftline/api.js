/* Starts Swagger UI. A person who is signed in may try calls out: theirs carry the CSRF token. */
const cookie = (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1];
SwaggerUIBundle({
  url: "/v1/api/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  requestInterceptor: (request) => {
    const token = cookie("csrftoken");
    if (token && new URL(request.url, location).origin === location.origin) request.headers["X-CSRFToken"] = token;
    return request;
  },
});
