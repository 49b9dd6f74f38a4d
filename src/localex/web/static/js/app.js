// The one script of every page: loads a module for each element that asks for one with data-module, also after htmx swaps.
// A module exports connect(element); it runs once for each element.
const connected = new WeakSet();

async function connect(element) {
  if (connected.has(element)) return;
  connected.add(element);
  const module = await import(element.dataset.module);
  module.connect(element);
}

function connectAll(root) {
  for (const element of root.querySelectorAll("[data-module]")) connect(element);
}

// A form is sent once: a second press while the first is under way does nothing.
function guardForms(event) {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method === "post" && !event.defaultPrevented) {
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  }
}

// The picture of the card that was pressed flies to the listing's picture, which css/pages/listings.css gives the same name.
function nameTransition(event) {
  const address = event.activation?.entry?.url;
  if (!address || !event.viewTransition) return;
  const { pathname } = new URL(address);
  const link = [...document.querySelectorAll(".card-link")].find((one) => one.pathname === pathname);
  const picture = link?.closest(".card").querySelector(".card-picture");
  if (picture) picture.style.viewTransitionName = "listing-picture";
}

document.documentElement.classList.add("has-script");
connectAll(document);
document.addEventListener("htmx:after:swap", () => connectAll(document));
document.addEventListener("submit", guardForms);
document.addEventListener("toggle", (event) => event.target.matches?.("[popover]") && event.newState === "open"
  && event.target.querySelector("[autofocus]")?.focus(), true);
window.addEventListener("pageswap", nameTransition);
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
