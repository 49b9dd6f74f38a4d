// A button inside a password field that shows what was typed.
export function connect(control) {
  const input = control.querySelector("input");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "field-reveal";
  button.setAttribute("aria-controls", input.id);
  const draw = () => {
    const isHidden = input.type === "password";
    button.textContent = isHidden ? "Show" : "Hide";
    button.setAttribute("aria-label", isHidden ? "Show the password" : "Hide the password");
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    draw();
  });
  input.form?.addEventListener("submit", () => { input.type = "password"; });
  draw();
  control.append(button);
}
