/* What a reader takes away from a chart: its data as CSV, the picture as SVG, and a PNG for a slide.
 *
 * Pictures are drawn for the width of a slide whatever the screen is, in the light colours on paper, and say by
 * themselves what they show and where it comes from.
 */
(function () {
  "use strict";

  var WIDTH = 760, SIDE = 28, SHARP = 2;
  var PAPER = "#FBFAF6", INK = "#1F2A33", SOFT = "#5B666F", ACCENT = "#B23A2E";
  var SVG = "http://www.w3.org/2000/svg";

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

  // ---- The picture ------------------------------------------------------------------------------------

  function make(tag, attributes, text) {
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    if (text) element.textContent = text;
    return element;
  }

  /* Lines that fit a width in a font: broken between Chinese characters, never inside a number or a Latin word. */
  function wrap(text, font, width) {
    var context = document.createElement("canvas").getContext("2d");
    context.font = font;
    var lines = [], line = "";
    (text.match(/[0-9A-Za-z.,%+/×–—-]+|\s+|[^]/g) || []).forEach(function (piece) {
      // A line does not begin with a closing mark.
      if (line && context.measureText(line + piece).width > width && !/^[，。、；：！？）】》」』”’]/.test(piece)) {
        lines.push(line.trim());
        line = "";
      }
      line += piece;
    });
    return lines.concat(line.trim()).filter(Boolean);
  }

  function textOf(figure, selector) {
    var found = figure.querySelector(selector);
    if (!found) return "";
    found = found.cloneNode(true);
    found.querySelectorAll(".headerlink, .caption-number").forEach(function (part) { part.remove(); });
    return found.textContent.replace(/[ \n]+/g, " ").trim();
  }

  /* What was moved away from its base value must be said on a picture that leaves the page. */
  function movedText(figure) {
    var moved = Array.prototype.filter.call(figure.querySelectorAll(".whatif-control"), function (control) {
      return !control.querySelector(".whatif-reset").disabled;
    });
    return moved.map(function (control) {
      var words = [".whatif-value", ".whatif-base"].map(function (part) { return control.querySelector(part).textContent; });
      return control.querySelector("label").textContent + " " + words[0] + "（" + words[1] + "）";
    }).join("；");
  }

  /* The chart with its title above and its source below, as one standing picture. */
  function framed(chart, drawn) {
    var size = drawn.getAttribute("viewBox").split(" ").map(Number);
    var width = Math.max(WIDTH, size[2]) + 2 * SIDE, at = SIDE + 14;
    // The chart was measured in the page's font. The language chooses the mainland's shapes and places of marks.
    var font = getComputedStyle(chart.root).fontFamily;
    var svg = make("svg", { xmlns: SVG, lang: "zh-CN", width: width, "font-family": font });
    function lines(text, y, style, height, weight, fill) {
      wrap(text, weight + " " + style + "px " + font, width - 2 * SIDE).forEach(function (line) {
        svg.appendChild(make("text", { x: SIDE, y: y, "font-size": style, "font-weight": weight, fill: fill }, line));
        y += height;
      });
      return y;
    }
    svg.appendChild(make("rect", { x: SIDE, y: SIDE - 12, width: 40, height: 3, fill: ACCENT }));
    at = lines(textOf(chart.figure, "figcaption .caption-text") || textOf(chart.figure, "figcaption p, figcaption"), at, 20, 28, 600, INK);
    var moved = movedText(chart.figure);
    if (moved) at = lines("情景：" + moved, at - 2, 14, 21, 400, ACCENT);
    var body = make("g", { transform: "translate(" + SIDE + "," + at + ")" });
    while (drawn.firstChild) body.appendChild(drawn.firstChild);
    body.querySelectorAll("[font-family]").forEach(function (node) { node.removeAttribute("font-family"); });
    body.querySelectorAll("[style]").forEach(function (node) { node.removeAttribute("style"); });
    svg.appendChild(body);
    at += size[3] + 26;
    at = lines(textOf(chart.figure, ".legend"), at, 12, 18, 400, SOFT);
    at = lines("引自：" + document.title, at, 12, 18, 400, SOFT);
    var height = Math.round(at + SIDE - 18);
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    svg.insertBefore(make("rect", { width: width, height: height, fill: PAPER }), svg.firstChild);
    return new XMLSerializer().serializeToString(svg);
  }

  /* Drawn anew for a slide, with the values that the reader set; the picture of the page where Vega is missing. */
  function picture(chart) {
    var host = document.createElement("div");
    host.className = "db-offscreen";
    host.setAttribute("aria-hidden", "true");
    document.body.appendChild(host);
    return chart.embed(host, WIDTH).then(function (result) {
      var text = framed(chart, host.querySelector("svg"));
      result.finalize();
      return text;
    }).catch(function () {
      return framed(chart, chart.picture.querySelector("svg").cloneNode(true));
    }).then(function (text) { host.remove(); return text; });
  }

  function toPng(text) {
    return new Promise(function (resolve, reject) {
      var image = new Image();
      image.onload = function () {
        var canvas = document.createElement("canvas");
        canvas.width = image.width * SHARP;
        canvas.height = image.height * SHARP;
        var context = canvas.getContext("2d");
        context.scale(SHARP, SHARP);
        context.drawImage(image, 0, 0);
        canvas.toBlob(resolve, "image/png");
      };
      image.onerror = reject;
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    });
  }

  var ACTIONS = {
    csv: function (chart) {
      return chart.load().then(function () { return new Blob([toCsv(chart.meta.data)], { type: "text/csv;charset=utf-8" }); });
    },
    svg: function (chart) {
      return picture(chart).then(function (text) { return new Blob([text], { type: "image/svg+xml;charset=utf-8" }); });
    },
    png: function (chart) { return picture(chart).then(toPng); },
  };

  document.addEventListener("db:charts", function (event) {
    event.detail.forEach(function (chart) {
      var tools = chart.figure.querySelector('.chart-tools[data-chart="' + chart.name + '"]');
      if (!tools) return;
      tools.querySelectorAll("button[data-action]").forEach(function (button) {
        var action = button.getAttribute("data-action");
        button.classList.remove("awaits-script");
        button.addEventListener("click", function () {
          button.disabled = true;
          ACTIONS[action](chart).then(function (blob) { if (blob) save(blob, chart.name + "." + action); }, function (error) {
            chart.root.setAttribute("data-error", String(error && error.message || error));
          }).then(function () { button.disabled = false; button.focus(); });
        });
      });
    });
  });
})();
