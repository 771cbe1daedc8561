// The board of the Word page.  Everything that it is given is text of others: it is written as text and nothing else.
// Turning a page and opening a picture stay here; leaving a picture out is told to Python, which ranks again.
const memory = new WeakMap();

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

function button(className, text, label, focus, act) {
  const node = make("button", className, text);
  node.type = "button";
  node.setAttribute("aria-label", label);
  node.title = label;
  node.dataset.focus = focus;
  node.addEventListener("click", act);
  return node;
}

// Only pictures that Python has encoded are shown: never an address.
function source(picture) {
  return picture && /^data:image\/(webp|png|jpeg);base64,/.test(picture.url) ? picture.url : "";
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".board");
  const state = memory.get(root) ?? { key: "", page: 0, strip: 0 };
  memory.set(root, state);
  if (state.key !== data.key) Object.assign(state, { key: data.key, page: 0, strip: 0 });
  const draw = () => show(root, data, state, draw, setTriggerValue);
  draw();
}

// What of the board has the keyboard.
function focused(root) {
  const active = root.getRootNode().activeElement;
  return active && root.contains(active) ? active : null;
}

function show(root, data, state, draw, tell) {
  const active = focused(root);
  const focus = active ? active.dataset.focus : "";
  const open = root.querySelector("dialog[open]")?.dataset.picture;
  root.style.setProperty("--size", `${data.size}px`);
  root.style.setProperty("--row", `${data.size + 8}px`);
  const pages = Math.max(Math.ceil(data.rows.length / data.per_page), 1);
  state.page = Math.min(state.page, pages - 1);
  const context = { root, data, state, draw, tell };
  const parts = [table(context), pager(context, pages)];
  if (data.strip.length) parts.push(strip(context));
  parts.push(dialog(context));
  root.replaceChildren(...parts);
  if (open && data.pictures[open]) enlarge(context, open, state.back);
  const wanted = [...root.querySelectorAll("button")].find((one) => focus && one.dataset.focus === focus);
  if (!open && wanted) wanted.focus({ preventScroll: true });
}

function table(context) {
  const { data, state } = context;
  const node = make("table");
  node.append(make("caption", "", data.title));
  const widths = make("colgroup");
  for (const kind of ["source", "rival", "right"]) widths.append(make("col", kind));
  const head = make("thead");
  const names = make("tr");
  for (const column of data.columns) names.append(heading(column));
  head.append(names);
  const body = make("tbody");
  const first = state.page * data.per_page;
  const shown = data.rows.slice(first, first + data.per_page);
  for (const one of shown) body.append(row(context, one));
  for (let missing = shown.length; missing < data.per_page; missing += 1) {
    const blank = make("tr");
    const text = missing === 0 ? data.nothing : "";
    blank.append(make("td", "empty", text), make("td"), make("td"));
    body.append(blank);
  }
  const foot = make("tfoot");
  for (const line of data.footer) {
    const made = make("tr");
    const title = make("th", "one-line", line.label);
    title.scope = "row";
    title.title = line.help;
    made.append(title);
    for (const value of line.values) {
      const cell = make("td", "one-line", value);
      cell.title = value;
      made.append(cell);
    }
    foot.append(made);
  }
  node.append(widths, head, body, foot);
  return node;
}

function heading(column) {
  const node = make("th");
  node.scope = "col";
  const role = make("div", "role one-line", column.role);
  const line = make("div", "one-line");
  line.append(make("span", "word", column.word), make("span", "facts", `  ${column.facts}`));
  line.title = `${column.word} ${column.facts}`;
  node.append(role, line);
  return node;
}

function row(context, one) {
  const { data } = context;
  const node = make("tr", one.out ? "out" : "");
  const first = make("td");
  const cell = make("div", "cell");
  cell.append(picture(context, one.id, `${data.columns[0].word}: `));
  cell.append(toggle(context, one, "source"));
  const told = make("div", "grow");
  const name = make("div", "name one-line", one.out ? `${one.why}` : data.pictures[one.id]?.name ?? "");
  name.title = name.textContent;
  told.append(name);
  if (one.difference) {
    const bar = make("div", "bar");
    const fill = make("i", one.bar >= 0 ? "rival" : "right");
    fill.style.width = `${Math.abs(one.bar) * 50}%`;
    bar.append(fill);
    const value = make("div", "value", one.difference);
    value.title = data.bar_help;
    told.append(bar, value);
  }
  cell.append(told);
  first.append(cell);
  node.append(first, matched(context, one.rival, 1), matched(context, one.right, 2));
  return node;
}

function matched(context, match, place) {
  const node = make("td");
  if (!match) return node;
  const cell = make("div", "cell");
  cell.append(picture(context, match.id, `${context.data.columns[place].word}: `));
  if (match.cosine) {
    const told = make("div", "grow");
    const cosine = make("div", `cosine one-line${match.nearer ? " nearer" : ""}`, match.cosine);
    if (match.nearer) cosine.append(make("span", "tag", "nearer"));
    told.append(cosine, make("div", "share one-line", match.share));
    cell.append(told);
  }
  node.append(cell);
  return node;
}

function picture(context, id, before) {
  const known = context.data.pictures[id];
  const url = source(known);
  if (!url) return make("div", "lost", "no picture");
  const node = button("picture", "", `${before}${known.name || "a picture"}, open large`, `open-${before}${id}`, () =>
    enlarge(context, id, node.dataset.focus),
  );
  const image = make("img");
  image.src = url;
  image.alt = `${before}${known.name || "a picture"}`;
  node.append(image);
  return node;
}

function toggle(context, one, side) {
  const { data, tell } = context;
  const name = data.pictures[one.id]?.name || "this picture";
  const label = one.locked || (one.out ? `Take ${name} in again` : `Leave ${name} out`);
  const node = button("toggle", one.out ? "✓" : "×", label, `toggle-${side}-${one.id}`, () => {
    context.root.classList.add("busy");
    tell("toggle", { side, id: one.id });
    window.setTimeout(() => context.root.classList.remove("busy"), 1500);
  });
  node.setAttribute("aria-pressed", String(Boolean(one.out)));
  node.disabled = Boolean(one.locked);
  return node;
}

function turns(context, name, place, count, first, last, total) {
  const { state, draw } = context;
  const go = (to) => () => {
    state[name] = to;
    draw();
  };
  const back = button("turn", "‹", "Pictures before", `${name}-back`, go(place - 1));
  const on = button("turn", "›", "Pictures after", `${name}-on`, go(place + 1));
  back.disabled = place === 0;
  on.disabled = place >= count - 1;
  return [back, make("span", "", `${first}–${last} of ${total}`), on];
}

function pager(context, pages) {
  const { data, state } = context;
  context.root.classList.remove("busy");
  const node = make("div", "below");
  const first = state.page * data.per_page;
  if (data.rows.length) {
    const last = Math.min(first + data.per_page, data.rows.length);
    node.append(...turns(context, "page", state.page, pages, first + 1, last, data.rows.length));
  }
  const note = make("span", "grow one-line", data.note);
  note.title = data.note;
  node.append(note);
  return node;
}

function strip(context) {
  const { data, state, root } = context;
  const node = make("div", "strip");
  const room = Math.max(Math.floor((root.clientWidth - 330) / 52), 3);
  const pages = Math.max(Math.ceil(data.strip.length / room), 1);
  state.strip = Math.min(state.strip, pages - 1);
  const label = make("div", "label", data.strip_label);
  node.append(label);
  const first = state.strip * room;
  const shown = data.strip.slice(first, first + room);
  for (const one of shown) {
    const tile = make("div", `tile${one.out ? " out" : ""}`);
    tile.append(picture(context, one.id, `${data.columns[2].word}, own picture: `), toggle(context, one, "target"));
    node.append(tile);
  }
  if (pages > 1)
    node.append(...turns(context, "strip", state.strip, pages, first + 1, first + shown.length, data.strip.length));
  return node;
}

function dialog(context) {
  const node = make("dialog");
  node.setAttribute("aria-label", "A picture");
  // Esc closes the picture, and nothing behind it.
  node.addEventListener("keydown", (event) => event.stopPropagation());
  node.addEventListener("click", (event) => {
    if (event.target === node) node.close();
  });
  return node;
}

// Opens a picture; when it is closed the keyboard is back at the button that ``back`` names.
function enlarge(context, id, back) {
  const { root, data, state } = context;
  state.back = back;
  const known = data.pictures[id];
  const node = root.querySelector("dialog");
  const top = make("div", "top");
  const close = button("close", "×", "Close", "close", () => node.close());
  top.append(make("h2", "", known.name || "Picture"), close);
  const image = make("img", "large");
  image.src = source(known);
  image.alt = known.name || "the picture, large";
  const facts = make("dl");
  for (const [term, value] of known.facts) facts.append(make("dt", "", term), make("dd", "", value));
  const matches = make("dd");
  for (const match of known.matches) {
    const line = make("div", "match");
    const url = source(data.pictures[match.id]);
    if (url) {
      const small = make("img");
      small.src = url;
      small.alt = data.pictures[match.id].name;
      line.append(small);
    }
    line.append(make("span", "", match.text));
    matches.append(line);
  }
  if (known.matches.length) facts.append(make("dt", "", "Best matches"), matches);
  const body = make("div", "body");
  body.append(image, facts);
  node.replaceChildren(top, body);
  node.dataset.picture = id;
  node.onclose = () => {
    const active = focused(root);
    if (active && !node.contains(active)) return; // it is told late, and the reader may have gone on
    const opener = [...root.querySelectorAll("button")].find((one) => one.dataset.focus === back);
    if (opener) opener.focus({ preventScroll: true });
  };
  if (!node.open) node.showModal();
  close.focus();
}
