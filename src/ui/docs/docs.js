// Renders the document of this very server, and sends what is tried to it and to nobody else.
window.SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // Neither a validator on the web nor the token beyond this visit.
  validatorUrl: null,
  persistAuthorization: false,
});

/** What a screen reader or a keyboard lacks in the markup that is drawn above, by what it is found by. */
const mendings = [
  [".information-container", (part) => become(part, "region", "About the API")],
  [".schemes-server-container", (part) => become(part, "region", "Server and access")],
  [".filter-container", (part) => become(part, "region", "Filter")],
  [".modal-ux", (part) => become(part, "dialog", "Access")],
  ["#servers", (select) => name(select, "Server")],
  [".parameters select", (select) => name(select, `Value of ${parameterOf(select)}`)],
  [".content-type, .try-out__content-type", (select) => name(select, "Media type")],
  ["textarea.body-param__text", (text) => name(text, "Request body")],
  [".close-modal", (button) => name(button, "Close")],
  [".modal-btn.authorize", (button) => name(button, `${button.textContent}: apply credentials`)],
  [".responses-table[role=region]", (table) => name(table, `Responses of ${operationOf(table)}`)],
  ["pre.microlight, .highlight-code > pre", (text) => text.setAttribute("tabindex", "0")],
  // The button around it opens the operation, and so writes the same address.
  [".opblock-summary-control a", (link) => link.removeAttribute("href")],
  // Below the title of the page, which is the first.
  ["h3, h4, h5", (heading) => heading.setAttribute("aria-level", heading.localName[1] - 1)],
];

function name(element, text) {
  if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
}

function become(part, role, text) {
  part.setAttribute("role", role);
  name(part, text);
}

function parameterOf(element) {
  return element.closest("tr")?.dataset.paramName ?? "the parameter";
}

function operationOf(element) {
  return element.closest(".opblock")?.id.split("-").at(-1) ?? "the operation";
}

function mend() {
  for (const [selector, apply] of mendings) {
    document.querySelectorAll(`#docs :is(${selector})`).forEach(apply);
  }
}

let isPlanned = false;

/** Once for all that is drawn at once. */
function mendSoon() {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    mend();
  });
}

new MutationObserver(mendSoon).observe(document.getElementById("docs"), {
  childList: true,
  subtree: true,
});
