// The API's specification, drawn by Swagger UI, to read and to try; with the tab's key, where it has one.

const root = document.documentElement;
const dress = () => root.classList.toggle("dark-mode", root.dataset.theme === "dark");
document.addEventListener("themechange", dress);
dress();

const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null, // which would be asked over the network
  onComplete: () => {
    const secret = sessionStorage.getItem("hcdv-key");
    if (secret) ui.preauthorizeApiKey("key", secret);
  },
});
