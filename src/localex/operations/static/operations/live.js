// Looks again every two seconds while something runs, and shows the whole page anew when it has ended.
const EVERY_MS = 2000;
const live = document.getElementById("ops-live");

function isTyping() {
  return [...document.querySelectorAll(".ops-form input[type=text]")].some((input) => input.value !== input.defaultValue);
}

// What somebody types in a form below is not thrown away.
function sayEnd() {
  const words = document.createElement("p");
  const again = document.createElement("a");
  words.className = "ops-running";
  words.setAttribute("role", "status");
  again.href = location.pathname;
  again.textContent = "Show what came of it";
  words.append("It has ended. ", again);
  live.replaceChildren(words);
}

async function look() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = answer.ok && page.getElementById("ops-live");
    if (now) {
      const hasEnded = !now.querySelector("[data-live]");
      if (hasEnded && !isTyping()) {
        location.reload();
        return;
      }
      if (hasEnded) {
        sayEnd();
        return;
      }
      live.replaceChildren(...now.children);
    }
  } catch {
    // The server starts anew, or the network is away: the next look may find it.
  }
  setTimeout(look, EVERY_MS);
}

if (live?.querySelector("[data-live]")) setTimeout(look, EVERY_MS);
