// Around an error summary: what it says of a field goes as soon as somebody types there, with the field's own words.
export function connect(element) {
  for (const link of element.querySelectorAll("a[href^='#']")) {
    const control = document.getElementById(link.hash.slice(1));
    control?.addEventListener("input", () => {
      link.closest("li").remove();
      const field = control.closest(".field");
      field?.classList.remove("field-wrong");
      field?.querySelector(".field-error")?.remove();
      control.removeAttribute("aria-invalid");
      if (!element.querySelector("li")) element.replaceChildren();
    }, { once: true });
  }
}
