/* What-if: sliders move the values of a chart, its readouts follow, and the address holds the view for a colleague.
 *
 * The address is `#s.<chart>.<parameter>=<value>&…`; what it says of charts, parameters or values that do not exist is
 * passed over. It is replaced, not added to: moving a slider neither fills the history nor scrolls the page.
 */
(function () {
  "use strict";

  var OURS = /^#s\./;
  var book = window.decisionbookCharts;
  var panels = [];
  var writing = 0;

  function readAddress() {
    var found = {};
    var text = location.hash.replace(/^#/, "");
    try { text = decodeURIComponent(text); } catch (error) { /* Not ours, or cut off: read what can be read. */ }
    text.split("&").forEach(function (part) {
      var match = /^s\.([\w-]+)\.(\w+)=(-?\d+(?:\.\d+)?)$/.exec(part);
      if (match) found[match[1] + "." + match[2]] = Number(match[3]);
    });
    return found;
  }

  /* The address of the page with what was moved; with `only`, in that panel alone. */
  function address(only) {
    var parts = [];
    (only ? [only] : panels).forEach(function (panel) {
      panel.sliders.forEach(function (slider) {
        if (slider.value !== slider.base) parts.push("s." + panel.chart.name + "." + slider.param + "=" + slider.value);
      });
    });
    return location.href.replace(/#.*$/, "") + (parts.length ? "#" + parts.join("&") : only ? "#" + only.place : "");
  }

  function writeAddress() {
    clearTimeout(writing);
    // Browsers refuse more than some hundred changes in half a minute.
    writing = setTimeout(function () {
      var moved = address();
      if (moved.indexOf("#") < 0 && !OURS.test(location.hash)) return;
      try { history.replaceState(history.state, "", moved); } catch (error) { /* some browsers forbid it on file:// */ }
    }, 150);
  }

  function Panel(chart, element) {
    var self = this;
    this.chart = chart;
    this.element = element;
    this.place = chart.figure.id || "chart-" + chart.name;
    this.waiting = false;
    this.said = element.querySelector(".whatif-said");
    this.resetAll = element.querySelector(".whatif-reset-all");
    this.sliders = Array.prototype.map.call(element.querySelectorAll('input[type="range"]'), function (input) {
      return self.wire(input);
    });
    if (this.resetAll) {
      this.resetAll.addEventListener("click", function () {
        self.sliders.forEach(function (slider) { self.move(slider, slider.base); });
        self.sliders[0].input.focus();
      });
    }
    // At once, or the Tab key would pass over a slider whose chart is drawn only when it comes near.
    this.enable(true);
    chart.root.addEventListener("db:chart-drawn", function () { self.enable(true); self.answer(); });
    chart.root.addEventListener("db:chart-failed", function () { self.enable(false); });
    this.wireCopy(element.querySelector(".whatif-copy"));
  }

  Panel.prototype.enable = function (able) {
    this.sliders.forEach(function (slider) { slider.input.disabled = !able; });
  };

  Panel.prototype.wire = function (input) {
    var self = this;
    var box = input.closest(".whatif-control");
    var slider = {
      input: input,
      param: input.getAttribute("data-param"),
      base: Number(input.getAttribute("data-base")),
      value: Number(input.getAttribute("data-base")),
      shown: box.querySelector(".whatif-value"),
      reset: box.querySelector(".whatif-reset"),
    };
    input.addEventListener("input", function () { self.move(slider, Number(input.value)); });
    slider.reset.addEventListener("click", function () {
      self.move(slider, slider.base);
      input.focus();
    });
    return slider;
  };

  /* Show a value at once; the chart follows with the next frame, once however many events there were. */
  Panel.prototype.move = function (slider, value) {
    var data = slider.input.dataset;
    slider.value = value;
    slider.input.value = String(value);
    this.chart.values[slider.param] = value;
    var text = book.formatNumber(value, Number(data.digits), data.unit);
    slider.shown.textContent = text;
    slider.input.setAttribute("aria-valuetext", text);
    slider.reset.disabled = value === slider.base;
    if (this.resetAll) this.resetAll.disabled = this.sliders.every(function (s) { return s.value === s.base; });
    writeAddress();
    var self = this;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(function () { self.update(); });
  };

  Panel.prototype.update = function () {
    var view = this.chart.view;
    this.waiting = false;
    if (!view) return; // Not drawn yet: it is drawn with these values.
    this.sliders.forEach(function (slider) { view.signal(slider.param, slider.value); });
    view.run();
    this.answer();
    this.say();
  };

  Panel.prototype.answer = function () {
    var view = this.chart.view;
    this.element.querySelectorAll("strong[data-signal]").forEach(function (readout) {
      var data = readout.dataset;
      var text = book.formatNumber(view.signal(data.signal), Number(data.digits), data.unit);
      if (readout.textContent !== text) readout.textContent = text;
    });
  };

  /* For who cannot see the readouts: all of them in one sentence, when the slider rests. */
  Panel.prototype.say = function () {
    var self = this;
    clearTimeout(this.saying);
    this.saying = setTimeout(function () {
      var lines = Array.prototype.map.call(self.element.querySelectorAll(".whatif-readout"), function (line) {
        return line.querySelector(".whatif-about").textContent + " " + line.querySelector("strong").textContent;
      });
      self.said.textContent = lines.join("；");
    }, 700);
  };

  Panel.prototype.follow = function (found) {
    var self = this;
    var named = false;
    this.sliders.forEach(function (slider) {
      var value = found[self.chart.name + "." + slider.param];
      var known = value !== undefined && value >= Number(slider.input.min) && value <= Number(slider.input.max);
      named = named || known;
      if (known) {
        // The browser brings it to the slider's step.
        slider.input.value = String(value);
        value = Math.abs(Number(slider.input.value) - slider.base) < 1e-9 ? slider.base : Number(slider.input.value);
      }
      if ((known ? value : slider.base) !== slider.value) self.move(slider, known ? value : slider.base);
    });
    return named;
  };

  Panel.prototype.wireCopy = function (button) {
    if (!button) return;
    var self = this;
    var words = button.textContent;
    button.classList.remove("awaits-script");
    button.addEventListener("click", function () {
      copy(address(self), function (done) {
        button.textContent = done ? "已复制链接" : "复制不了，请从地址栏复制";
        self.said.textContent = button.textContent;
        setTimeout(function () { button.textContent = words; }, 2000);
      });
    });
  };

  function copy(text, then) {
    function byHand() {
      // Without https a page has no clipboard of its own.
      var area = document.createElement("textarea");
      area.value = text;
      area.className = "db-offscreen";
      area.setAttribute("aria-hidden", "true");
      var focused = document.activeElement;
      document.body.appendChild(area);
      area.select();
      var done = false;
      try { done = document.execCommand("copy"); } catch (error) { done = false; }
      area.remove();
      if (focused) focused.focus();
      then(done);
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(function () { then(true); }, byHand);
    } else {
      byHand();
    }
  }

  document.addEventListener("db:charts", function (event) {
    event.detail.forEach(function (chart) {
      var element = chart.figure.querySelector('.whatif[data-chart="' + chart.name + '"]');
      if (element) panels.push(new Panel(chart, element));
    });
    var found = readAddress();
    var named = panels.filter(function (panel) { return panel.follow(found); })[0];
    if (named) named.chart.figure.scrollIntoView({ block: "center", behavior: "instant" });
    window.addEventListener("hashchange", function () {
      if (location.hash && !OURS.test(location.hash)) return; // A link to a section moves nothing.
      var now = readAddress();
      panels.forEach(function (panel) { panel.follow(now); });
    });
  });
})();
