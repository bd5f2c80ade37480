// Replaces the server-drawn bars of a figure by a Chart.js chart of the same numbers.
//
// A figure is <figure data-chart> with a <figcaption id>, a [data-chart-fallback] whose values are
// [data-chart-value], and the chart's configuration as JSON. Chart.js itself is only loaded on pages that have a figure. Whatever fails
// on the way (no library, no canvas, a broken configuration), the bars stay as they are.

const library = new URL("../vendor/chart.js", import.meta.url).href;
let loading = null;

function loadLibrary() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = library;
    script.onload = () => resolve(window.Chart);
    script.onerror = () => reject(new Error(`${library} did not load`));
    document.head.append(script);
  });
  return loading;
}

// Writes each bar's value over it, as the page has it, so that nothing has to be read from colour
// or height alone.
const valueLabels = {
  id: "valueLabels",
  afterDatasetsDraw(chart, _, { texts }) {
    const { ctx } = chart;
    ctx.save();
    ctx.font = `600 13px ${chart.options.font.family}`;
    ctx.fillStyle = chart.options.color;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    chart.getDatasetMeta(0).data.forEach((bar, index) => {
      ctx.fillText(texts[index] ?? "", bar.x, bar.y - 6);
    });
    ctx.restore();
  },
};

// The page's language with the digits that the page writes numbers with: browsers and servers
// differ in what they take for the digits of Arabic and Persian.
function numberLocale(texts) {
  const written = texts.join("");
  const language = document.documentElement.lang;
  if (/[0-9]/.test(written)) return `${language}-u-nu-latn`;
  if (/[\u0660-\u0669]/.test(written)) return `${language}-u-nu-arab`;
  if (/[\u06f0-\u06f9]/.test(written)) return `${language}-u-nu-arabext`;
  return language;
}

// A label of several words takes a line for each, rather than being turned.
function words(value) {
  return this.getLabelForValue(value).split(" ");
}

// The configuration says what is shown; how it looks (type face, colours, direction) is taken from
// the page, so that both always agree.
function dress(config, figure) {
  const values = figure.querySelectorAll("[data-chart-value]");
  const texts = Array.from(values, (value) => value.textContent.trim());
  const page = getComputedStyle(figure);
  const line = page.getPropertyValue("--line").trim();
  const muted = page.getPropertyValue("--muted").trim();
  const rtl = page.direction === "rtl";
  const options = (config.options ??= {});
  const plugins = (options.plugins ??= {});
  const { x = {}, y = {} } = options.scales ?? {};

  options.responsive = true;
  options.maintainAspectRatio = false;
  options.locale ??= numberLocale(texts);
  options.font = { family: page.fontFamily, size: 13 };
  options.color = page.color;
  options.animation = false;

  options.scales = {
    x: {
      ...x,
      reverse: rtl,
      grid: { display: false },
      border: { color: muted },
      ticks: { color: page.color, autoSkip: false, maxRotation: rtl ? 0 : 50, callback: words },
      title: { ...x.title, color: muted },
    },
    y: {
      ...y,
      position: rtl ? "right" : "left",
      grace: "8%",
      grid: { color: line, drawTicks: false },
      border: { display: false },
      ticks: { color: muted, padding: 8, maxTicksLimit: 6, precision: 0 },
      title: { ...y.title, color: muted },
    },
  };
  plugins.title = {
    ...plugins.title,
    align: rtl ? "end" : "start",
    color: page.color,
    font: { size: 15, weight: 600 },
    padding: { top: 4, bottom: 16 },
  };
  plugins.valueLabels = { texts };
  plugins.tooltip = {
    ...plugins.tooltip,
    rtl,
    textDirection: page.direction,
    padding: 10,
    displayColors: false,
  };
  for (const set of config.data.datasets) {
    set.borderRadius = 4;
    set.maxBarThickness = 72;
  }
  return { ...config, plugins: [valueLabels] };
}

function draw(figure, Chart) {
  const caption = figure.querySelector("figcaption");
  const fallback = figure.querySelector("[data-chart-fallback]");
  const config = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const frame = document.createElement("div");
  const canvas = document.createElement("canvas");
  frame.className = "figure-canvas";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-labelledby", caption.id);
  frame.append(canvas);
  fallback.after(frame);
  figure.classList.add("is-drawn");
  try {
    new Chart(canvas, dress(config, figure));
    fallback.hidden = true;
  } catch (error) {
    figure.classList.remove("is-drawn");
    frame.remove();
    throw error;
  }
}

async function drawAll() {
  const figures = document.querySelectorAll("figure[data-chart]:not(.is-seen)");
  // All are marked before the first is drawn: drawing changes the page, and so calls this again.
  figures.forEach((figure) => figure.classList.add("is-seen"));
  for (const figure of figures) {
    try {
      const Chart = await loadLibrary();
      if (figure.isConnected) draw(figure, Chart);
    } catch (error) {
      console.warn("This figure stays as the server drew it.", figure, error);
    }
  }
}

function forgetReplaced() {
  for (const chart of Object.values(window.Chart?.instances ?? {})) {
    if (!chart.canvas.isConnected) chart.destroy();
  }
}

// Where a panel is replaced, its charts go with it and the new ones are drawn.
new MutationObserver(() => {
  forgetReplaced();
  drawAll();
}).observe(document.body, { childList: true, subtree: true });

drawAll();
