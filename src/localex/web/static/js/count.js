// Says how many characters are left in a field, quietly while typing and aloud only near the end.
export function connect(note) {
  const field = document.getElementById(note.dataset.for);
  const most = Number(note.dataset.most);
  const draw = () => {
    const left = most - [...field.value].length;
    note.textContent = left >= 0 ? `${left} characters left` : `${-left} characters too many`;
    note.toggleAttribute("data-over", left < 0);
    if (left < 20) note.setAttribute("aria-live", "polite");
    else note.removeAttribute("aria-live");
  };
  field.addEventListener("input", draw);
  draw();
}
