// Turns the still map of components/map.html into one that moves. Leaflet is fetched only here, when the map comes into view.
const numbers = (text) => text.split(",").map(Number);
const corners = (text) => { const [south, west, north, east] = numbers(text); return [[south, west], [north, east]]; };

function loadStyle(address) {
  if (document.querySelector(`link[href="${address}"]`)) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
  return new Promise((done) => {
    link.onload = link.onerror = done;
    document.head.append(link);
  });
}

async function load(data) {
  await Promise.all([loadStyle(data.leafletCss), import(data.leaflet)]);
  return window.L;
}

function addGround(L, map, data, view) {
  if (data.tiles) return L.tileLayer(data.tiles, { maxZoom: 19 }).addTo(map);
  if (!data.sheet) return null;
  const bounds = L.latLngBounds(corners(data.bounds));
  const room = L.latLngBounds(bounds.getSouthWest(), bounds.getNorthEast()).extend(view);
  map.setMaxBounds(room);
  map.setMinZoom(map.getBoundsZoom(room, true));
  return L.imageOverlay(data.sheet, bounds, { alt: "" }).addTo(map);
}

function pin(L, text, kind = "") {
  return L.divIcon({ className: `pin ${kind}`, html: text, iconSize: [34, 34] });
}

function addPlaces(L, map, still) {
  for (const marker of still.querySelectorAll(".map-marker")) {
    const { name, number, at, url } = marker.dataset;
    const added = L.marker(numbers(at), { icon: pin(L, number), title: name, alt: `${number}: ${name}` }).addTo(map);
    const words = document.createElement(url ? "a" : "span");
    if (url) words.href = url;
    words.textContent = name;
    added.bindPopup(words);
  }
}

// The public cell of a point, the same grid as lib/geo.py: rows of 0.009 degrees, columns as wide as the row is high.
function cellOf({ lat, lng }) {
  const size = 0.009;
  const middle = (Math.floor(lat / size) + 0.5) * size;
  const width = size / Math.cos((middle * Math.PI) / 180);
  const centre = (Math.floor((lng + 180) / width) + 0.5) * width - 180;
  return [[middle - size / 2, centre - width / 2], [middle + size / 2, centre + width / 2]];
}

const square = (L, bounds) => L.rectangle(bounds, { className: "map-square", weight: 2, interactive: false });

function addPicking(L, map, data) {
  const fields = [data.latitudeId, data.longitudeId].map((id) => document.getElementById(id));
  if (fields.some((field) => !field)) return;
  let marker, area;
  const show = (point) => {
    marker = marker ?? L.marker(point, { icon: pin(L, "", "pin-chosen"), draggable: true, alt: "The chosen point", keyboard: false }).addTo(map)
      .on("dragend", () => choose(marker.getLatLng()));
    marker.setLatLng(point);
    area?.remove();
    area = square(L, cellOf(point)).addTo(map);
  };
  const choose = (point) => {
    show(point);
    fields[0].value = point.lat.toFixed(6);
    fields[1].value = point.lng.toFixed(6);
    for (const field of fields) field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  map.on("click", (event) => choose(event.latlng));
  // By keyboard: the arrow keys move the map, Enter takes its middle.
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer()) return;
    event.preventDefault();
    choose(map.getCenter());
  });
  if (fields.every((field) => field.value)) show(L.latLng(Number(fields[0].value), Number(fields[1].value)));
}

async function draw(frame) {
  const data = frame.dataset;
  const L = await load(data);
  const room = document.createElement("div");
  room.setAttribute("role", "application");
  room.setAttribute("aria-label", data.mode === "pick" ? `${data.label}. Move with the arrow keys, set the point with Enter.` : data.label);
  frame.append(room);
  const map = L.map(room, { attributionControl: false, zoomControl: false, zoomSnap: 0.25, maxZoom: 18, maxBoundsViscosity: 1, scrollWheelZoom: false });
  const [lat, lon] = numbers(data.centre);
  const km = Number(data.radiusKm);
  const east = km / (111.195 * Math.cos((lat * Math.PI) / 180));
  L.control.zoom({ position: "bottomright" }).addTo(map);
  const high = (km * 0.75) / 111.195;
  const view = L.latLngBounds([[lat - high, lon - east], [lat + high, lon + east]]);
  addGround(L, map, data, view);
  map.fitBounds(view, { animate: false });
  if (data.square) square(L, corners(data.square)).addTo(map);
  addPlaces(L, map, frame.querySelector(".map-still"));
  if (data.mode === "pick") addPicking(L, map, data);
}

export function connect(frame) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    draw(frame);
  }, { rootMargin: "200px" });
  watch.observe(frame);
}
