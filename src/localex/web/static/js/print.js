// A button that prints the page; without JavaScript the browser's own menu does.
export function connect(button) {
  button.addEventListener("click", () => window.print());
}
