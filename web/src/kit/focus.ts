// Keeping the focus inside what lies over the page.

const REACHABLE = "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), [tabindex='0']";

/** Let Tab go round inside a box. */
export function trapTab(event: React.KeyboardEvent, box: HTMLElement | null): void {
  if (event.key !== "Tab" || !box) return;
  const reachable = [...box.querySelectorAll<HTMLElement>(REACHABLE)].filter((node) => node.offsetParent !== null);
  const first = reachable[0];
  const last = reachable[reachable.length - 1];
  if (!first || !last) return;
  const here = document.activeElement;
  if (event.shiftKey && (here === first || here === box)) { event.preventDefault(); last.focus(); }
  else if (!event.shiftKey && here === last) { event.preventDefault(); first.focus(); }
}
