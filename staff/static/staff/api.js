// Swagger UI over the schema, in the device's colours. The example's message ID is new at each load: one that was sent
// before would be answered as a repeat, and send nothing.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const freshId = () => {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return "test-" + Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const show = async () => {
  const place = document.getElementById("operations");
  const answer = await fetch(place.dataset.schema, { headers: { Accept: "application/vnd.oai.openapi+json" } });
  const schema = await answer.json();
  const sent = schema.paths["/notification"].post.requestBody.content["application/json"];
  for (const example of Object.values(sent.examples)) example.value.message_id = freshId();
  SwaggerUIBundle({
    spec: schema,
    domNode: place,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    validatorUrl: null,
  });
};

show().catch(() => {
  document.getElementById("operations").textContent =
    "The description could not be loaded. Reload the page, or open OpenAPI above.";
});
