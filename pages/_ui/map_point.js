// A click on a point of a map.  Streamlit tells of clicks only while one drags the map about: with the lasso or the box
// in hand Plotly knows of the click, and nobody asks it.
// Each choice draws the chart anew, and what the reader had in hand stays in hand.
const AGAIN = 250; // ms: the chart is drawn later than this, and anew whenever it changes
let hand = null;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.getRootNode().host ?? parentElement;
  let chart = null;
  const told = (event) => {
    const number = event?.points?.find((point) => Number.isInteger(point.customdata))?.customdata;
    const known = chart?._fullLayout?.clickmode?.includes("select"); // Streamlit tells of it
    if (number !== undefined && !known) setTriggerValue("row", { map: data.map, number });
  };
  const taken = (change) => {
    hand = change?.dragmode ?? hand;
  };
  const detach = () => {
    chart?.removeListener?.("plotly_click", told);
    chart?.removeListener?.("plotly_relayout", taken);
  };
  const attach = () => {
    const found = root.closest(".st-key-map-chart")?.querySelector(".js-plotly-plot") ?? null;
    if (found === chart || (found && !found.on)) return;
    detach();
    chart = found;
    chart?.on("plotly_click", told);
    chart?.on("plotly_relayout", taken);
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
