// The appearance that somebody chose, kept in a cookie so that the server draws the next page right from the start.
export function connect(select) {
  select.addEventListener("change", () => {
    const root = document.documentElement;
    const year = 60 * 60 * 24 * 365;
    if (select.value) root.dataset.theme = select.value;
    else delete root.dataset.theme;
    document.cookie = `theme=${select.value}; path=/; max-age=${select.value ? year : 0}; samesite=lax`;
  });
}
