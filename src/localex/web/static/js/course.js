// The drawing of a balance is open where it stands beside the lines, and folded where they would come after it.
export function connect(details) {
  if (matchMedia("(min-width: 60rem)").matches) details.open = true;
}
