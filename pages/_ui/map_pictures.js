// Pictures over the points of a map, at their places however the map is moved, and word of which part of it is in view.
// They let the pointer through: the chart beneath knows nothing of them.  What is written on them is text of others.
// A turn of the wheel zooms as far as it was turned: of each event Plotly takes no more than TAKEN, which is a tenth.
const AGAIN = 250; // ms: the chart is drawn later than this, and anew whenever it changes
const STILL = 300; // ms without a movement until its part is told
const TAKEN = 20; // pixels of an event of the wheel
const FURTHER = 4; // events that stand for the rest of one, at most
const FILLED = 0.35; // of the map's area, by pictures, if none lay over another
const SMALLEST = 26; // pixels of a picture
const LARGEST = 76;
const STYLES = {
  layer: "position:absolute;overflow:hidden;pointer-events:none",
  picture:
    "position:absolute;box-sizing:border-box;border:2px solid;border-radius:6px;background:#fff;" +
    "box-shadow:0 1px 4px rgba(0,0,0,.45)",
  image: "width:100%;height:100%;object-fit:cover;display:block;border-radius:4px",
  word:
    "position:absolute;left:50%;bottom:-6px;transform:translateX(-50%);max-width:84px;padding:0 4px;" +
    "border-radius:4px;font:10px/13px sans-serif;color:#fff;background:rgba(0,0,0,.72);" +
    "white-space:nowrap;overflow:hidden;text-overflow:ellipsis",
};
const cleanups = new WeakMap();
let untold = false; // whether the map was moved since its part was told, also where pictures came in between

function made(tag, style) {
  const node = document.createElement(tag);
  node.style.cssText = style;
  return node;
}

// Only pictures that Python has encoded are shown: never an address.
function drawn(pictures) {
  return pictures
    .filter((one) => /^data:image\/(webp|png|jpeg);base64,/.test(one.url))
    .map((one) => {
      const box = made("div", STYLES.picture);
      box.className = "map-picture";
      box.dataset.number = one.number;
      box.style.borderColor = one.colour;
      const image = made("img", STYLES.image);
      image.alt = one.name;
      image.src = one.url;
      box.append(image);
      if (one.word) {
        const word = made("div", STYLES.word);
        word.textContent = one.word;
        box.append(word);
      }
      return { box, x: one.x, y: one.y };
    });
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  cleanups.get(parentElement)?.();
  const pictures = drawn(data.pictures);
  const layer = made("div", STYLES.layer);
  layer.className = "map-pictures";
  layer.append(...pictures.map((one) => one.box));
  let chart = null;
  let timer = 0;

  const place = () => {
    const { xaxis, yaxis, _size: size } = chart._fullLayout;
    const upper = chart.querySelectorAll(".svg-container > .main-svg")[1];
    if (!upper || !size) return;
    if (layer.nextSibling !== upper) upper.before(layer); // above the points, below labels and what is drawn by hand
    Object.assign(layer.style, { left: `${size.l}px`, top: `${size.t}px`, width: `${size.w}px`, height: `${size.h}px` });
    const side = Math.sqrt((FILLED * size.w * size.h) / Math.max(pictures.length, 1));
    const pixels = Math.round(Math.min(Math.max(side, SMALLEST), LARGEST));
    const [left, right] = xaxis.range;
    const [low, high] = yaxis.range;
    for (const { box, x, y } of pictures) {
      const across = ((x - left) / (right - left)) * size.w - pixels / 2;
      const down = ((high - y) / (high - low)) * size.h - pixels / 2;
      Object.assign(box.style, {
        width: `${pixels}px`, height: `${pixels}px`, transform: `translate(${across}px, ${down}px)`,
      });
    }
  };
  const tell = () => {
    const ends = (axis) => [...axis.range].map(Number);
    const { xaxis, yaxis } = chart._fullLayout;
    untold = false;
    setTriggerValue("part", { map: data.map, x: ends(xaxis), y: ends(yaxis) });
  };
  const wait = () => {
    untold = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(tell, STILL);
  };
  const moved = (change) => {
    place();
    if (!Object.keys(change ?? {}).some((name) => /^[xy]axis\./.test(name))) return;
    wait();
  };
  // A double click leads back to the whole map, also with the lasso in hand, and where the chart was drawn anew with a
  // part of it in view.
  const back = () => chart.querySelector('.modebar-btn[data-attr="zoom"][data-val="reset"]')?.click();
  const whole = () => {
    const { xaxis, yaxis } = chart._fullLayout;
    [xaxis, yaxis].forEach((axis, number) => {
      [axis._rangeInitial0, axis._rangeInitial1] = data.whole[number];
    });
  };
  const turned = (event) => {
    if (!event.isTrusted) return; // one of those that are made here
    const rest = Math.ceil(Math.abs(event.deltaY) / TAKEN) - 1;
    for (let one = 0; one < Math.min(rest, FURTHER); one++) event.target.dispatchEvent(new WheelEvent("wheel", event));
  };
  const detach = () => {
    chart?.removeEventListener("wheel", turned, true);
    chart?.removeListener?.("plotly_relayouting", place);
    chart?.removeListener?.("plotly_afterplot", place);
    chart?.removeListener?.("plotly_relayout", moved);
    chart?.removeListener?.("plotly_deselect", back);
  };
  const attach = () => {
    const found = document.querySelector(".st-key-map-chart .js-plotly-plot");
    if (found === chart || (found && (!found.on || !found._fullLayout?.xaxis))) return;
    detach();
    chart = found;
    if (!chart) return;
    chart.addEventListener("wheel", turned, true); // before Plotly, which lets none of them go further
    chart.on("plotly_relayouting", place);
    chart.on("plotly_afterplot", place);
    chart.on("plotly_relayout", moved);
    chart.on("plotly_deselect", back); // of a double click with the lasso or the box
    whole();
    place();
    if (untold) wait();
  };
  attach();
  const poll = window.setInterval(attach, AGAIN);
  const cleanup = () => {
    window.clearInterval(poll);
    window.clearTimeout(timer);
    detach();
    layer.remove();
  };
  cleanups.set(parentElement, cleanup);
  return cleanup;
}
