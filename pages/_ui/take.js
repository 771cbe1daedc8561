// The pictures of a chart, made by Plotly in the reader's own browser: a server would need one for that.
// The camera in the chart's toolbar makes them; it reads what kind of file is wanted when it is clicked.
const KINDS = ["png", "svg"];
const FONT = "Arial, Helvetica, sans-serif";
const WAIT = 40; // tries, of 50 ms: a chart is drawn later than what stands beneath it

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".take");
  root.replaceChildren(...KINDS.map((kind) => make(root, kind, data)));
}

function make(root, kind, data) {
  const node = document.createElement("button");
  node.type = "button";
  node.textContent = kind.toUpperCase();
  node.title = `Download this chart as ${kind.toUpperCase()}`;
  node.setAttribute("aria-label", `${node.title}: ${data.name}`);
  node.addEventListener("click", () => save(root, kind, data.file, WAIT));
  return node;
}

function save(root, kind, filename, tries) {
  const around = (root.getRootNode().host ?? root).closest('[class*="st-key-take-chart-"]');
  const chart = around?.querySelector(".js-plotly-plot");
  const camera = chart?.querySelector('.modebar-btn[data-title^="Download plot"]');
  if (!chart?._context || !camera) {
    if (tries > 0) window.setTimeout(() => save(root, kind, filename, tries - 1), 50);
    return;
  }
  const before = [chart._context.toImageButtonOptions, chart.layout];
  chart._context.toImageButtonOptions = { ...before[0], format: kind, filename, scale: kind === "png" ? 2 : 1 };
  chart.layout = plain(chart.layout);
  try {
    camera.click(); // copies both at once
  } finally {
    [chart._context.toImageButtonOptions, chart.layout] = before;
  }
}

// The page's own font is not in the picture: texts that were measured with it would be cut off.
function plain(layout) {
  const title = typeof layout.title === "string" ? { text: layout.title } : layout.title;
  const font = (own) => ({ ...own, family: FONT });
  const shown = title && { ...title, font: font(title.font), pad: { t: 8 } }; // else it is cut off at the top
  return { ...layout, font: font(layout.font), title: shown };
}
