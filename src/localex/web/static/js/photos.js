// Pictures of a listing: sends each file by itself with its progress, orders tiles by dragging, and lets every button of a tile
// work without leaving the page. Without this script the same forms work by themselves.
//
// Contract, all inside the element with data-module:
//   data-upload   POST `pictures` (one file) + the form's hidden fields, header HX-Request -> HTML of all tiles; 422: with refusals
//                 GET -> HTML of all tiles, asked again every second while <ol class="tiles" data-pending>
//   data-order    POST `order` (ids, cover first) -> HTML of all tiles;  data-most: how many pictures fit
//   [data-tiles]  where the HTML of the tiles goes: li.tile[data-id] with .tile-grip and forms.tile-form
//   form.photos-form with the token, input.photos-input; [data-said]: live region for what happened
// One after the other, so that they arrive in the order in which they were chosen.
const AT_ONCE = 1;

class Photos {
  constructor(root) {
    this.root = root;
    this.tiles = root.querySelector("[data-tiles]");
    this.form = root.querySelector(".photos-form");
    this.input = root.querySelector(".photos-input");
    this.said = root.querySelector("[data-said]");
    this.refusals = Object.assign(document.createElement("div"), { className: "stack stack-tight" });
    this.tiles.before(this.refusals);
    this.waiting = [];
    this.sending = 0;
    this.input?.addEventListener("change", () => this.take([...this.input.files]));
    root.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
    root.addEventListener("drop", (event) => this.drop(event));
    this.tiles.addEventListener("submit", (event) => this.press(event));
    this.tiles.addEventListener("pointerdown", (event) => this.grip(event));
    this.watch();
  }

  say(words) { if (this.said) this.said.textContent = words; }

  // Everything that the form would send, so that token and draft are the same with and without this script.
  fields(more) {
    const sent = new FormData();
    for (const field of this.form.querySelectorAll("input[type=hidden]")) sent.append(field.name, field.value);
    for (const [name, value] of more) sent.append(name, value);
    return sent;
  }

  drop(event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files);
  }

  // What was wrong with the files before says nothing about these.
  take(files) {
    this.refusals.replaceChildren();
    document.querySelector(".error-summary")?.remove();
    this.say("");
    const room = Number(this.root.dataset.most) - this.tiles.querySelectorAll(".tile").length - this.waiting.length;
    if (files.length > room) this.say(`Only ${Math.max(room, 0)} more fit. The first ones are taken.`);
    for (const file of files.slice(0, Math.max(room, 0))) this.waiting.push({ file, tile: this.draw(file) });
    if (this.input) this.input.value = "";
    this.next();
  }

  draw(file) {
    const tile = document.createElement("li");
    tile.className = "tile tile-sending";
    const picture = document.createElement("div");
    picture.className = "tile-picture";
    const image = Object.assign(document.createElement("img"), { className: "tile-photo", alt: "", src: URL.createObjectURL(file) });
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    const bar = Object.assign(document.createElement("progress"), { className: "tile-progress", max: 100, value: 0 });
    bar.setAttribute("aria-label", `Sending ${file.name}`);
    picture.append(image, bar);
    tile.append(picture);
    let list = this.tiles.querySelector("ol.tiles");
    if (!list) {
      list = Object.assign(document.createElement("ol"), { className: "tiles" });
      this.tiles.append(list);
    }
    list.append(tile);
    return tile;
  }

  next() {
    while (this.sending < AT_ONCE && this.waiting.length) this.send(this.waiting.shift());
  }

  send({ file, tile }) {
    this.sending += 1;
    const request = new XMLHttpRequest();
    request.open("POST", this.root.dataset.upload);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      const bar = tile.querySelector("progress");
      if (bar && event.lengthComputable) bar.value = Math.round((event.loaded / event.total) * 100);
    });
    request.addEventListener("loadend", () => {
      this.sending -= 1;
      tile.remove();
      if (request.status === 200 || request.status === 422) this.put(request.responseText);
      if (request.status === 200) this.say(`${file.name} is here.`);
      else if (request.status === 422) this.say("");
      else this.say(`${file.name} could not be sent. The other pictures are here; try this one again.`);
      this.next();
    });
    request.send(this.fields([["pictures", file]]));
  }

  // New tiles come from the server; those still being sent stay at the end, and the focus stays on the same button. What
  // it says against a file stands above them until other files are chosen, however often the tiles are asked for.
  put(html) {
    const sending = this.tiles.querySelectorAll(".tile-sending");
    const active = document.activeElement;
    const id = active?.closest?.(".tile")?.dataset.id;
    const deed = active?.value;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    this.refusals.append(...fresh.content.querySelectorAll(".notice-danger"));
    this.tiles.replaceChildren(fresh.content);
    this.tiles.querySelector("ol.tiles")?.append(...sending);
    if (id) {
      const tile = this.tiles.querySelector(`[data-id="${CSS.escape(id)}"]`);
      (tile?.querySelector(`button[value="${CSS.escape(deed ?? "")}"]`) ?? tile?.querySelector("button") ?? this.input)?.focus();
    }
    this.watch();
  }

  async ask(address, fields) {
    const options = fields ? { method: "POST", body: fields } : {};
    const answer = await fetch(address, { ...options, headers: { "HX-Request": "true" } });
    if (answer.ok) this.put(await answer.text());
    else this.say("That did not work. Your pictures are as they were.");
  }

  press(event) {
    const form = event.target.closest(".tile-form");
    if (!form) return;
    event.preventDefault();
    this.ask(form.action, new FormData(form, event.submitter));
  }

  watch() {
    clearTimeout(this.timer);
    if (!this.tiles.querySelector("[data-pending]")) return;
    this.timer = setTimeout(() => {
      const isTyping = this.tiles.contains(document.activeElement) && document.activeElement.matches("input");
      if (isTyping || this.dragged) this.watch();
      else this.ask(this.root.dataset.upload);
    }, 1000);
  }

  grip(event) {
    const grip = event.target.closest(".tile-grip");
    const tile = grip?.closest(".tile");
    if (!tile) return;
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    this.dragged = tile;
    tile.classList.add("is-dragged");
    const before = this.order();
    const move = (moved) => {
      const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest(".tile");
      if (!over || over === tile || over.parentElement !== tile.parentElement) return;
      const isLater = tile.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
      over[isLater ? "after" : "before"](tile);
    };
    const end = () => {
      grip.removeEventListener("pointermove", move);
      tile.classList.remove("is-dragged");
      this.dragged = null;
      if (this.order().join() !== before.join()) this.ask(this.root.dataset.order, this.fields(this.order().map((id) => ["order", id])));
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
  }

  order() { return [...this.tiles.querySelectorAll(".tile[data-id]")].map((tile) => tile.dataset.id); }
}

export function connect(root) { new Photos(root); }
