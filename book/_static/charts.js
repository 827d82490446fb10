/* Makes the charts of a page interactive. Without it every chart is a picture with a table, and complete.
 *
 * Classic scripts, because modules do not load from file://: this one draws, whatif.js moves, chart-tools.js saves.
 * They evaluate nothing and write no style attributes or elements, so they run under `script-src 'self'; style-src
 * 'self'`. The Vega bundle and the page's specifications are fetched when the first chart comes near the screen.
 */
(function () {
  "use strict";

  var script = document.currentScript;
  var folder = script ? script.src.replace(/[^/]*$/, "") : "_static/";
  var MOST = 860; // Wider than this, lines grow flat and labels stand far from their dots.
  var NARROW = 480; // As in charts.css and in the specifications: below this a chart is laid out for a phone.
  var loading = {};
  var charts = [];

  /* A script is fetched once, however many charts need it; after a failure the next chart tries again. */
  function loadScript(address) {
    if (!loading[address]) {
      loading[address] = new Promise(function (resolve, reject) {
        var tag = document.createElement("script");
        tag.src = address;
        tag.onload = resolve;
        tag.onerror = function () { delete loading[address]; reject(new Error(address.replace(/.*\//, ""))); };
        document.head.appendChild(tag);
      });
    }
    return loading[address];
  }

  function loadVega() {
    if (window.decisionbookVega) return Promise.resolve(window.decisionbookVega);
    return loadScript(folder + "vega-bundle.js").then(function () { return window.decisionbookVega; });
  }

  /* As the book prints numbers: half away from zero, thousands separated, missing as a dash. */
  function formatNumber(value, digits, unit) {
    if (typeof value === "string") return value;
    if (typeof value !== "number" || !isFinite(value)) return "—";
    var parts = Math.abs(value).toExponential(14).split("e");
    // Shifting the exponent as text rounds 2.345 as on paper; multiplying would give 234.49999.
    var shifted = Math.round(Number(parts[0] + "e" + (Number(parts[1]) + digits)));
    var text = Number(shifted + "e-" + digits).toFixed(digits);
    var whole = text.split(".");
    // Without a unit it may be a year, so up to 9999 it has no separator.
    if (unit || Math.abs(value) >= 10000) whole[0] = whole[0].replace(/\B(?=(\d{3})+$)/g, ",");
    text = (value < 0 && shifted !== 0 ? "−" : "") + whole.join(".");
    if (!unit) return text;
    return unit === "%" || unit === "倍" ? text + unit : text + " " + unit;
  }

  function Chart(root) {
    this.root = root;
    this.name = root.getAttribute("data-name");
    this.block = root.querySelector(".db-spec");
    this.picture = root.querySelector(".db-chart-static");
    this.figure = root.closest("figure") || root.parentElement;
    this.values = {}; // What the reader moved: parameter to value.
    this.spec = null;
    this.view = null;
    this.width = 0;
    this.turn = 0;
  }

  /* Fetch the specification: it lies in the page's script, or in the page itself where that stands alone. */
  Chart.prototype.load = function () {
    var self = this;
    if (this.spec) return Promise.resolve(this.spec);
    var found = function () {
      self.spec = JSON.parse(self.block.textContent || "null") || window.decisionbookSpecs[self.name];
      self.meta = (self.spec.usermeta || {}).decisionbook || {};
      return self.spec;
    };
    var address = this.block.getAttribute("data-src");
    return address ? loadScript(new URL(address, document.baseURI).href).then(found) : Promise.resolve().then(found);
  };

  /* The specification laid out for a width. Colours stay: the style sheet maps them to those of the page. */
  Chart.prototype.laidOut = function (width) {
    var spec = JSON.parse(JSON.stringify(this.spec));
    var layout = this.meta.layout;
    var values = this.values;
    delete spec.usermeta;
    if (layout && layout.kind !== "facet") {
      var step = width < NARROW ? 1 : 0;
      if (layout.height) spec.height = layout.height[step];
      if (layout.right && spec.padding) spec.padding.right = layout.right[step];
    }
    if (layout && layout.kind === "facet") {
      var columns = width < NARROW ? layout.narrow_columns : layout.columns;
      spec.columns = columns;
      spec.spec.width = Math.floor((width - layout.inset - layout.gap * (columns - 1)) / columns);
    } else {
      spec.width = width;
    }
    (spec.params || []).forEach(function (param) {
      delete param.bind; // The page has sliders of its own.
      if (param.name === "db_width") param.value = width;
      if (values[param.name] !== undefined) param.value = values[param.name];
    });
    spec.config = spec.config || {};
    // Measured with the font that the page sets, or labels would be cut where the fonts differ.
    spec.config.font = getComputedStyle(this.root).fontFamily;
    return spec;
  };

  /* Draw for a width into an element, unseen or seen; the caller finalizes the view. */
  Chart.prototype.embed = function (host, width) {
    var self = this;
    return Promise.all([loadVega(), this.load()]).then(function (loaded) {
      return loaded[0].embed(host, self.laidOut(width), {
        mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false,
        forceActionsMenu: false, hover: false,
        tooltip: { disableDefaultStyle: true, id: "db-chart-tooltip", theme: "book" },
      });
    });
  };

  Chart.prototype.draw = function () {
    var self = this;
    var width = Math.min(MOST, Math.floor(this.root.clientWidth));
    if (!width || width === this.width) return Promise.resolve();
    this.width = width;
    var turn = ++this.turn;
    var host = document.createElement("div");
    host.className = "db-chart-live";
    host.hidden = true;
    this.root.appendChild(host);
    return this.embed(host, width).then(function (result) {
      if (turn !== self.turn) { result.finalize(); host.remove(); return; } // The page was resized again meanwhile.
      var old = self.root.querySelector(".db-chart-live:not([hidden])");
      if (self.view) self.view.finalize();
      self.view = result.view;
      host.setAttribute("role", "img");
      host.setAttribute("aria-label", self.picture.getAttribute("aria-label"));
      var svg = host.querySelector("svg");
      if (svg) { svg.setAttribute("aria-hidden", "true"); svg.setAttribute("focusable", "false"); }
      self.picture.hidden = true;
      host.hidden = false;
      if (old) old.remove();
      self.root.classList.add("is-live");
      self.root.dispatchEvent(new CustomEvent("db:chart-drawn"));
    }).catch(function (error) {
      // The picture stays, which is a complete chart; a later resize tries again.
      self.width = 0;
      host.remove();
      self.root.setAttribute("data-error", String(error && error.message || error));
      if (!self.view) self.root.dispatchEvent(new CustomEvent("db:chart-failed"));
    });
  };

  function start() {
    document.querySelectorAll(".db-chart[data-name]").forEach(function (root) { charts.push(new Chart(root)); });
    document.dispatchEvent(new CustomEvent("db:charts", { detail: charts }));
    var near = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        near.unobserve(entry.target);
        var chart = charts.filter(function (c) { return c.root === entry.target; })[0];
        chart.draw();
        var timer = 0;
        new ResizeObserver(function () {
          clearTimeout(timer);
          timer = setTimeout(function () { chart.draw(); }, 120);
        }).observe(chart.root);
      });
    }, { rootMargin: "300px 0px" });
    charts.forEach(function (chart) { near.observe(chart.root); });
  }

  window.decisionbookCharts = { formatNumber: formatNumber };
  // Not before the other two scripts have run, which are deferred as this one is.
  if (document.readyState === "complete") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
