// Elements: finding them, making them, filling them without losing the focus.

export const $ = (id) => document.getElementById(id);

/** Make an element; `about` holds attributes, `on` + name is a listener, `style` custom properties. */
export function h(tag, about = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put other children in; what is the same stays, and the focus with what has the same data-key. */
export function fill(parent, children) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  children.forEach((child, place) => {
    const before = parent.children[place];
    if (!before) parent.append(child);
    else if (!before.isEqualNode(child)) before.replaceWith(child);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
  if (key !== undefined && !parent.contains(document.activeElement)) {
    [...parent.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus({ preventScroll: true });
  }
}

export function say(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

/** Tell those who cannot see the page what has become of it. */
export const announce = (text) => say("announce", text);
