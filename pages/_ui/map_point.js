// A click on a point of a map, or on the picture that stands for it.  Streamlit tells of clicks only while one drags the map about: with the lasso or the box
// in hand Plotly knows of the click, and nobody asks it.
// Each choice draws the chart anew, and what the reader had in hand stays in hand.
const AGAIN = 250; // ms: the chart is drawn later than this, and anew whenever it changes
const SAME = 200; // ms between what Plotly and the browser say of the same click
let hand = null;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.getRootNode().host ?? parentElement;
  let chart = null;
  let telling = 0; // when Streamlit was about to tell of a click
  const tell = (number) => setTriggerValue("row", { map: data.map, number });
  // The number of the picture that lies uppermost beneath the pointer.
  const pictured = ({ clientX, clientY }) => {
    const beneath = [...(chart?.querySelectorAll(".map-picture") ?? [])].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.left <= clientX && clientX <= box.right && box.top <= clientY && clientY <= box.bottom;
    });
    return beneath.length ? Number(beneath.at(-1).dataset.number) : undefined;
  };
  const told = (event) => {
    const number = event?.points?.find((point) => Number.isInteger(point.customdata))?.customdata;
    if (number === undefined) return;
    if (chart?._fullLayout?.clickmode?.includes("select")) telling = Date.now(); // Streamlit tells of it
    else if (!event.event || pictured(event.event) === undefined) tell(number);
  };
  const clicked = (event) => {
    const number = pictured(event);
    if (number === undefined) return;
    window.setTimeout(() => Date.now() - telling > SAME && tell(number));
  };
  const taken = (change) => {
    hand = change?.dragmode ?? hand;
  };
  const detach = () => {
    chart?.removeListener?.("plotly_click", told);
    chart?.removeListener?.("plotly_relayout", taken);
    chart?.removeEventListener("click", clicked);
  };
  const attach = () => {
    const found = root.closest(".st-key-map-chart")?.querySelector(".js-plotly-plot") ?? null;
    if (found === chart || (found && !found.on)) return;
    detach();
    chart = found;
    chart?.on("plotly_click", told);
    chart?.on("plotly_relayout", taken);
    chart?.addEventListener("click", clicked);
    if (hand && chart && chart._fullLayout?.dragmode !== hand) {
      chart.querySelector(`.modebar-btn[data-attr="dragmode"][data-val="${CSS.escape(hand)}"]`)?.click();
    }
  };
  attach();
  const timer = window.setInterval(attach, AGAIN);
  return () => {
    window.clearInterval(timer);
    detach();
  };
}
