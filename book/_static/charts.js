/* Makes the charts of a page interactive. Without it every chart is a picture with a table, and complete.
 *
 * One classic script, because modules do not load from file://. It evaluates nothing and writes no style
 * attributes or elements, so it runs under `script-src 'self'; style-src 'self'`. The Vega bundle lies beside
 * it and is fetched when the first chart comes near the screen.
 */
(function () {
  "use strict";

  var script = document.currentScript;
  var folder = script ? script.src.replace(/[^/]*$/, "") : "_static/";
  var MOST = 860; // Wider than this, lines grow flat and labels stand far from their dots.
  var bundlePromise = null;
  var charts = [];

  function loadBundle() {
    if (bundlePromise) return bundlePromise;
    bundlePromise = new Promise(function (resolve, reject) {
      if (window.decisionbookVega) return resolve(window.decisionbookVega);
      var tag = document.createElement("script");
      tag.src = folder + "vega-bundle.js";
      tag.onload = function () { resolve(window.decisionbookVega); };
      tag.onerror = function () { bundlePromise = null; reject(new Error("vega-bundle.js")); };
      document.head.appendChild(tag);
    });
    return bundlePromise;
  }

  // ---- Numbers and text -------------------------------------------------------------------------------

  /* As the book prints numbers: half away from zero, thousands separated, missing as a dash. */
  function formatNumber(value, digits, unit) {
    if (typeof value === "string") return value;
    if (typeof value !== "number" || !isFinite(value)) return "—";
    var parts = Math.abs(value).toExponential(14).split("e");
    // Shifting the exponent as text rounds 2.345 as on paper; multiplying would give 234.49999.
    var shifted = Math.round(Number(parts[0] + "e" + (Number(parts[1]) + digits)));
    var text = Number(shifted + "e-" + digits).toFixed(digits);
    var whole = text.split(".");
    whole[0] = whole[0].replace(/\B(?=(\d{3})+$)/g, ",");
    text = (value < 0 && shifted !== 0 ? "−" : "") + whole.join(".");
    if (!unit) return text;
    return unit === "%" || unit === "倍" ? text + unit : text + " " + unit;
  }

  function csvCell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    var text = String(value);
    // A spreadsheet runs cells that begin like a formula; a plain negative number is left alone.
    if (/^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?%?$/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function toCsv(data) {
    var head = data.columns.map(function (c) {
      return csvCell(c.unit && c.unit !== "1" ? c.title + "（" + c.unit + "）" : c.title);
    });
    var lines = [head.join(",")].concat(data.rows.map(function (row) { return row.map(csvCell).join(","); }));
    // The mark at the start tells Excel and WPS that the file is UTF-8.
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  }

  function save(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  // ---- The page's address holds what the reader moved: #s.<chart>.<param>=v&… ---------------------------

  function readHash() {
    var found = {};
    var hash = location.hash.replace(/^#/, "");
    try { hash = decodeURIComponent(hash); } catch (e) { /* Not ours, or cut off: read what can be read. */ }
    hash.split("&").forEach(function (part) {
      var match = /^s\.([\w-]+)\.(\w+)=(-?[\d.]+)$/.exec(part);
      if (match) (found[match[1]] = found[match[1]] || {})[match[2]] = Number(match[3]);
    });
    return found;
  }

  function writeHash() {
    var parts = [];
    charts.forEach(function (chart) {
      chart.sliders.forEach(function (slider) {
        if (slider.value !== slider.base) parts.push("s." + chart.name + "." + slider.param + "=" + slider.value);
      });
    });
    if (!parts.length && location.hash.indexOf("#s.") !== 0) return;
    var address = location.pathname + location.search + (parts.length ? "#" + parts.join("&") : "");
    // replaceState, not location.hash: moving a slider must not fill the history or scroll the page.
    try { history.replaceState(null, "", address); } catch (e) { /* some browsers forbid it on file:// */ }
  }

  // ---- One chart --------------------------------------------------------------------------------------

  function Chart(root) {
    this.root = root;
    this.name = root.getAttribute("data-name");
    this.spec = JSON.parse(root.querySelector(".db-spec").textContent);
    this.meta = (this.spec.usermeta || {}).decisionbook || {};
    this.picture = root.querySelector(".db-chart-static");
    this.figure = root.closest("figure") || root.parentElement;
    this.panel = this.figure.querySelector('.whatif[data-chart="' + this.name + '"]');
    this.view = null;
    this.width = 0;
    this.sliders = [];
    this.turn = 0;
    this.reserve();
    this.wireSliders();
    this.wireTools();
  }

  /* On a phone a chart may need more height than its picture: taken at once, so that nothing moves later. */
  Chart.prototype.reserve = function () {
    var layout = this.meta.layout;
    if (!layout || !layout.height) return;
    var narrow = this.root.clientWidth < 480;
    var tall = Number(this.picture.querySelector("svg").getAttribute("height")) + layout.height[1] - layout.height[0];
    this.root.style.minHeight = narrow ? tall + "px" : "";
  };

  Chart.prototype.wireSliders = function () {
    var self = this;
    if (!this.panel) return;
    this.panel.querySelectorAll('input[type="range"]').forEach(function (input) {
      var box = input.closest(".whatif-control");
      var slider = {
        input: input,
        param: input.getAttribute("data-param"),
        base: Number(input.getAttribute("data-base")),
        digits: Number(input.getAttribute("data-digits")),
        unit: input.getAttribute("data-unit"),
        output: box.querySelector(".whatif-value"),
        reset: box.querySelector(".whatif-reset"),
        value: Number(input.getAttribute("data-base")),
      };
      input.addEventListener("input", function () { self.move(slider, Number(input.value)); });
      slider.reset.addEventListener("click", function () {
        self.move(slider, slider.base);
        input.focus();
      });
      self.sliders.push(slider);
    });
  };

  Chart.prototype.move = function (slider, value, quiet) {
    slider.value = value;
    slider.input.value = String(value);
    var text = formatNumber(value, slider.digits, slider.unit);
    slider.output.textContent = text;
    slider.input.setAttribute("aria-valuetext", text);
    slider.reset.disabled = value === slider.base;
    if (this.view) {
      this.view.signal(slider.param, value).runAsync().then(this.answer.bind(this));
    }
    if (!quiet) writeHash();
  };

  Chart.prototype.answer = function () {
    var view = this.view;
    if (!view || !this.panel) return;
    this.panel.querySelectorAll("output[data-signal]").forEach(function (output) {
      var value = view.signal(output.getAttribute("data-signal"));
      var text = formatNumber(
        value, Number(output.getAttribute("data-digits")), output.getAttribute("data-unit"));
      if (output.textContent !== text) output.textContent = text;
    });
  };

  Chart.prototype.fromHash = function (all) {
    var own = all[this.name] || {};
    var self = this;
    this.sliders.forEach(function (slider) {
      var value = own[slider.param];
      if (value === undefined) value = slider.base;
      value = Math.min(Number(slider.input.max), Math.max(Number(slider.input.min), value));
      if (value !== slider.value) self.move(slider, value, true);
    });
  };

  /* The specification laid out for a width. Colours stay: the style sheet maps them to those of the page. */
  Chart.prototype.laidOut = function (width) {
    var spec = JSON.parse(JSON.stringify(this.spec));
    var layout = this.meta.layout;
    var self = this;
    delete spec.usermeta;
    if (layout && layout.kind !== "facet") {
      var step = width < 480 ? 1 : 0;
      if (layout.height) spec.height = layout.height[step];
      if (layout.right && spec.padding) spec.padding.right = layout.right[step];
    }
    if (layout && layout.kind === "facet") {
      var columns = width < 480 ? layout.narrow_columns : layout.columns;
      spec.columns = columns;
      spec.spec.width = Math.floor((width - layout.inset - layout.gap * (columns - 1)) / columns);
    } else {
      spec.width = width;
    }
    (spec.params || []).forEach(function (param) {
      delete param.bind; // The page has sliders of its own.
      if (param.name === "db_width") param.value = width;
      self.sliders.forEach(function (slider) {
        if (slider.param === param.name) param.value = slider.value;
      });
    });
    spec.config = spec.config || {};
    // Measured with the font that the page sets, or labels would be cut where the fonts differ.
    spec.config.font = getComputedStyle(this.root).fontFamily;
    return spec;
  };

  Chart.prototype.draw = function () {
    var self = this;
    var width = Math.min(MOST, Math.floor(this.root.clientWidth));
    if (!width || width === this.width) return Promise.resolve();
    this.width = width;
    this.reserve();
    var turn = ++this.turn;
    return loadBundle().then(function (vega) {
      if (turn !== self.turn) return null; // The page was resized again meanwhile.
      var host = document.createElement("div");
      host.className = "db-chart-live";
      host.hidden = true;
      self.root.appendChild(host);
      return vega.embed(host, self.laidOut(width), {
        mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false,
        forceActionsMenu: false, hover: false,
        tooltip: { disableDefaultStyle: true, id: "db-chart-tooltip", theme: "book" },
      }).then(function (result) {
        if (turn !== self.turn) { result.finalize(); host.remove(); return; }
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
        self.sliders.forEach(function (slider) { slider.input.disabled = false; });
        self.answer();
      });
    }).catch(function (error) {
      // The picture stays, which is a complete chart; a later resize tries again.
      self.width = 0;
      self.root.setAttribute("data-error", String(error && error.message || error));
    });
  };

  // ---- Downloads --------------------------------------------------------------------------------------

  Chart.prototype.wireTools = function () {
    var self = this;
    var tools = this.figure.querySelector('.chart-tools[data-chart="' + this.name + '"]');
    if (!tools) return;
    tools.querySelectorAll("button[data-action]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        var action = button.getAttribute("data-action");
        if (action === "csv") {
          save(new Blob([toCsv(self.meta.data)], { type: "text/csv;charset=utf-8" }), self.name + ".csv");
        } else {
          self.draw().then(function () { return action === "svg" ? self.saveSvg() : self.savePng(); });
        }
      });
    });
  };

  /* The picture as it stands, with the light colours and the paper behind it, for a slide or a document. */
  Chart.prototype.svgText = function () {
    var source = this.root.querySelector(".db-chart-live svg") || this.picture.querySelector("svg");
    var svg = source.cloneNode(true);
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    svg.removeAttribute("aria-hidden");
    var box = svg.getAttribute("viewBox").split(" ");
    var paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    paper.setAttribute("width", box[2]);
    paper.setAttribute("height", box[3]);
    paper.setAttribute("fill", "#FBFAF6");
    svg.insertBefore(paper, svg.firstChild);
    svg.setAttribute("font-family", "'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif");
    svg.querySelectorAll("[font-family]").forEach(function (node) { node.removeAttribute("font-family"); });
    svg.querySelectorAll("[style]").forEach(function (node) { node.removeAttribute("style"); });
    return new XMLSerializer().serializeToString(svg);
  };

  Chart.prototype.saveSvg = function () {
    save(new Blob([this.svgText()], { type: "image/svg+xml;charset=utf-8" }), this.name + ".svg");
  };

  Chart.prototype.savePng = function () {
    var self = this;
    var text = this.svgText();
    var image = new Image();
    return new Promise(function (resolve) {
      image.onload = function () {
        var canvas = document.createElement("canvas");
        // Twice the size on the page: sharp on a slide.
        canvas.width = image.width * 2;
        canvas.height = image.height * 2;
        var context = canvas.getContext("2d");
        context.scale(2, 2);
        context.drawImage(image, 0, 0);
        canvas.toBlob(function (blob) { if (blob) save(blob, self.name + ".png"); resolve(); }, "image/png");
      };
      image.onerror = resolve;
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    });
  };

  // ---- Start ------------------------------------------------------------------------------------------

  function start() {
    document.querySelectorAll(".db-chart").forEach(function (root) {
      try { charts.push(new Chart(root)); } catch (error) { root.setAttribute("data-error", String(error)); }
    });
    if (!charts.length) return;
    var hash = readHash();
    charts.forEach(function (chart) { chart.fromHash(hash); });
    var named = charts.filter(function (chart) { return hash[chart.name]; })[0];
    if (named) named.figure.scrollIntoView({ block: "center" });
    window.addEventListener("hashchange", function () {
      if (location.hash && location.hash.indexOf("#s.") !== 0) return; // A link to a section moves nothing.
      var now = readHash();
      charts.forEach(function (chart) { chart.fromHash(now); });
    });

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

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
