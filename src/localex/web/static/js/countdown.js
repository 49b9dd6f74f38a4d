// How long is left until a moment: "2 days 3 h", "2 days", "3 h 12 min", "4 min 05 s". Reads out nothing by itself: the date stands beside it.
const MINUTE = 60, HOUR = 3600, DAY = 86400;

export function say(seconds) {
  if (seconds <= 0) return "the time is up";
  const days = Math.floor(seconds / DAY), hours = Math.floor((seconds % DAY) / HOUR);
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  if (days > 0) return `${days} day${days > 1 ? "s" : ""}${hours > 0 ? ` ${hours} h` : ""} left`;
  if (hours > 0) return `${hours} h ${minutes} min left`;
  return `${minutes} min ${String(Math.floor(seconds % MINUTE)).padStart(2, "0")} s left`;
}

export function connect(element) {
  const until = Date.parse(element.dataset.until);
  const draw = () => {
    const seconds = (until - Date.now()) / 1000;
    element.textContent = say(seconds);
    element.toggleAttribute("data-soon", seconds < HOUR);
    if (seconds <= 0 || !element.isConnected) return;
    setTimeout(draw, seconds < HOUR ? 1000 : 30000);
  };
  draw();
}
