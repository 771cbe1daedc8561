// Cards of what could be tried.  Everything that they are given is text of others: it is written as text and nothing
// else.  A click is told to Python, which looks up what it offered.
function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

// Only pictures that Python has encoded are shown: never an address.
function shown(picture) {
  return /^data:image\/(webp|png|jpeg);base64,/.test(picture.url);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cards");
  const active = root.getRootNode().activeElement;
  const focus = active && root.contains(active) ? active.dataset.focus : "";
  root.classList.remove("busy");
  root.classList.toggle("lines", data.layout === "lines");
  const tell = (card, act) => {
    root.classList.add("busy");
    setTriggerValue("act", [card, act]);
    window.setTimeout(() => root.classList.remove("busy"), 1500);
  };
  root.replaceChildren(...data.cards.map((one, place) => card(one, place, tell)));
  const wanted = [...root.querySelectorAll("button")].find((one) => focus && one.dataset.focus === focus);
  if (wanted) wanted.focus({ preventScroll: true });
}

function card(one, place, tell) {
  const node = make("div", "card");
  if (one.title) {
    const title = make("div", "title");
    title.append(make("strong", "", one.title), make("span", "", ` · ${one.more}`));
    node.append(title);
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", `${one.title} · ${one.more}`);
  }
  const pictures = make("div", "pictures");
  for (const picture of one.pictures.filter(shown)) {
    const image = make("img");
    image.src = picture.url;
    image.alt = picture.alt;
    pictures.append(image);
  }
  if (pictures.childNodes.length) node.append(pictures);
  const text = one.text ? [make("div", "text", one.text)] : [];
  const acts = make("div", "acts");
  one.acts.forEach((act, number) => acts.append(button(one, act, [place, number], tell)));
  const below = one.acts.length ? [acts] : [];
  node.append(...(one.title ? [...text, ...below] : [...below, ...text]));
  return node;
}

function button(one, act, [place, number], tell) {
  const node = make("button", "", act.label);
  node.type = "button";
  node.disabled = act.off;
  node.title = act.why;
  node.dataset.focus = `${place} ${number}`;
  if (one.title) node.setAttribute("aria-label", `${act.label}: ${one.title}`);
  node.addEventListener("click", () => tell(place, number));
  return node;
}
