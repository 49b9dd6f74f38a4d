// Pictures of a listing: buttons, the count, and which small picture is in view. Without it the strip scrolls all the same.
export function connect(gallery) {
  const strip = gallery.querySelector(".gallery-strip");
  const pictures = [...gallery.querySelectorAll(".gallery-picture")];
  if (pictures.length < 2) return;
  const count = gallery.querySelector("[data-count]");
  const turns = [...gallery.querySelectorAll("[data-turn]")];
  const thumbs = [...gallery.querySelectorAll(".gallery-thumbs a")];
  let shown = 0;

  function show(number) {
    const target = pictures[Math.max(0, Math.min(pictures.length - 1, number))];
    strip.scrollTo({ left: target.offsetLeft - strip.offsetLeft });
  }

  function say(number) {
    shown = number;
    count.textContent = `${number + 1} / ${pictures.length}`;
    turns[0].disabled = number === 0;
    turns[1].disabled = number === pictures.length - 1;
    thumbs.forEach((thumb, index) => (index === number ? thumb.setAttribute("aria-current", "true") : thumb.removeAttribute("aria-current")));
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) say(pictures.indexOf(entry.target));
  }, { root: strip, threshold: 0.6 });
  pictures.forEach((picture) => watcher.observe(picture));
  turns.forEach((turn) => turn.addEventListener("click", () => show(shown + Number(turn.dataset.turn))));
  thumbs.forEach((thumb, index) => thumb.addEventListener("click", (event) => {
    event.preventDefault();
    show(index);
  }));
  strip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(shown + step * (getComputedStyle(strip).direction === "rtl" ? -1 : 1));
  });
  say(0);
}
