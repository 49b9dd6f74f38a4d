// Search: a changed filter shows its results at once on wide screens, and the panel starts open there.
const WIDE = matchMedia("(min-width: 60rem)");

export function connect(form) {
  const panel = form.querySelector("[data-filters]");
  const fit = () => (panel.open = WIDE.matches);
  fit();
  WIDE.addEventListener("change", fit);
  form.addEventListener("change", (event) => {
    const isOrder = event.target.name === "sort";
    const isTyped = event.target.matches('[type="search"]');
    if (isOrder || (WIDE.matches && !isTyped)) form.requestSubmit();
  });
  // Empty filters make long addresses.
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}
