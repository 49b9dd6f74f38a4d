// A button that copies its value and says so in the [role=status] beside it. Without JavaScript the text is there to select.
export function connect(button) {
  const said = button.parentElement.querySelector("[role=status]");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.value);
      said.textContent = "Copied";
    } catch {
      // Browsers give the clipboard to https and this machine alone: what is meant is marked, and the keyboard copies it.
      getSelection().selectAllChildren(document.getElementById(button.getAttribute("aria-describedby")));
      said.textContent = "Marked: copy it with the keyboard or a long press";
    }
  });
}
