// A step of listing an item: keeps what is typed and shows it on the preview card. The form works without it.
const QUIET = 800;

export function connect(form) {
  const said = form.querySelector("[data-saved] span");
  let timer = 0;
  let unsaved = false;

  async function save(leaving = false) {
    clearTimeout(timer);
    if (!unsaved) return;
    unsaved = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Autosave": "yes" },
        keepalive: leaving,
      });
      if (!answer.ok) throw new Error(answer.statusText);
      if (said) said.textContent = "Saved";
    } catch {
      unsaved = true;
      if (said) said.textContent = "Not saved yet. Continue saves it.";
    }
  }

  form.addEventListener("input", () => {
    unsaved = true;
    if (said) said.textContent = "Saving";
    clearTimeout(timer);
    timer = setTimeout(save, QUIET);
    preview(form);
  });
  form.addEventListener("submit", () => {
    unsaved = false;
    clearTimeout(timer);
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save(true));
  window.addEventListener("pagehide", () => save(true));
}

// What was typed, on the card beside it. Text only, never markup.
function preview(form) {
  const card = document.querySelector(".flow-card .card");
  if (!card) return;
  const title = form.elements.title?.value.trim();
  if (title !== undefined) {
    for (const place of card.querySelectorAll(".card-link, .card-note-words")) place.textContent = title || "Untitled draft";
  }
  const tag = card.querySelector(".tag");
  const price = form.elements.price;
  if (!tag || !price) return;
  const isGift = form.elements.kind?.value === "gift";
  const amount = Number.parseInt(price.value, 10) || 0;
  card.closest(".flow-preview").classList.toggle("is-unpriced", !isGift && amount < 1);
  tag.classList.toggle("tag-gift", isGift);
  tag.textContent = isGift ? "Gift" : `${amount.toLocaleString("en")} ${form.querySelector(".field-affix")?.textContent.trim() ?? ""}`;
}
