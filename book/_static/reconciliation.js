/* 复核总表: filter, search and page through every printed figure; change a print and see what follows.
   Reads window.decisionbookReconciliation, computes with DecisionBookEngine, writes text nodes only. */
(function () {
  "use strict";
  var data = window.decisionbookReconciliation, engine = window.DecisionBookEngine, place = document.getElementById("db-reconciliation");
  if (!data || !engine || !place) return;

  var WORDS = { reproduced: "一致", within_rounding: "舍入内一致", consistent: "成立", contradicted: "不符", input: "引用", unverifiable: "缺数据" };
  var GLYPHS = { reproduced: "●", within_rounding: "◐", consistent: "○", contradicted: "✕", input: "□", unverifiable: "？" };
  /* What a reader must see comes first; what is only quoted comes last. */
  var READ = ["contradicted", "within_rounding", "reproduced", "consistent", "unverifiable", "input"];
  var PAGE = 40;
  var figures = {}, base = {}, formulas = {}, dependants = {}, current = {}, answered = {};
  data.figures.forEach(function (f) { figures[f.id] = f; base[f.id] = f.value; });
  data.formulas.forEach(function (f) {
    (formulas[f.figure] = formulas[f.figure] || []).push(f);
    Object.keys(f.inputs).forEach(function (n) { (dependants[f.inputs[n]] = dependants[f.inputs[n]] || new Set()).add(f.figure); });
  });
  var state = { source: "", verdict: "", chapter: "", order: "", text: "", page: 0, open: "" };

  function make(tag, attributes, children) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      if (name === "text") node.textContent = attributes[name];
      else if (name.slice(0, 2) === "on") node.addEventListener(name.slice(2), attributes[name]);
      else if (attributes[name] !== null && attributes[name] !== false) node.setAttribute(name, attributes[name]);
    });
    (children || []).forEach(function (c) { if (c !== null) node.append(c); });
    return node;
  }

  function number(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "—";
    var digits = Number.isInteger(value) ? 0 : Math.max(0, Math.min(8, 3 - Math.floor(Math.log10(Math.abs(value)))));
    return value.toLocaleString("zh-CN", { minimumFractionDigits: 0, maximumFractionDigits: digits }).replace("-", "−");
  }
  function range(interval) {
    var low = Number.isFinite(interval.low), high = Number.isFinite(interval.high);
    if (!low && !high) return "—";
    if (!high) return "≥" + number(interval.low);
    if (!low) return "≤" + number(interval.high);
    return interval.low === interval.high ? number(interval.low) : number(interval.low) + "–" + number(interval.high);
  }
  function mark(verdict) {
    return make("span", { class: "evidence " + verdict, role: "img", "aria-label": WORDS[verdict], text: GLYPHS[verdict] });
  }

  /* What holds for a figure now: its formulas under the changed prints; where a chapter answers, whose notebook does not
     run here, its finding against the changed print; else what the book says. */
  function judge(id) {
    var figure = figures[id], own = formulas[id] ? engine.reconcile(figure, formulas[id], figures, data.qualifiers) : null;
    if (own) { current[id] = own; answered[id] = true; }
    else if (answered[id]) current[id] = { verdict: "unverifiable", answer: null, lost: true };
    else if (figure.finding && edited(id)) current[id] = { verdict: engine.verdict(figure, data.qualifiers[figure.qualifier], found(figure)), answer: null };
    else current[id] = { verdict: figure.verdict, answer: null };
  }
  function found(figure) {
    var low = figure.bounds[0], high = figure.bounds[1];
    return { value: figure.result, interval: { low: low === null ? -Infinity : low, high: high === null ? Infinity : high, lowClosed: true, highClosed: true } };
  }
  Object.keys(figures).forEach(judge);

  function edited(id) { return figures[id].value !== base[id]; }
  function editedIds() { return Object.keys(figures).filter(edited); }

  function change(id, value) {
    figures[id].value = value;
    judge(id);
    (dependants[id] || new Set()).forEach(judge);
    draw();
  }
  function reset() {
    editedIds().forEach(function (id) { figures[id].value = base[id]; });
    Object.keys(formulas).forEach(judge);
    draw();
  }

  function shown() {
    var text = state.text.trim().toLowerCase();
    return data.figures.filter(function (f) {
      if (state.source && f.source !== state.source) return false;
      if (state.chapter && f.chapter !== state.chapter) return false;
      if (state.verdict === "edited" ? !edited(f.id) && current[f.id].verdict === f.verdict : state.verdict && current[f.id].verdict !== state.verdict) return false;
      return !text || [f.id, f.published, f.section, f.indicator, f.area, f.period, f.when, f.note].join(" ").toLowerCase().indexOf(text) >= 0;
    }).sort(byOrder);
  }
  /* By the verdict of the book, so that no row moves away while a print is changed in it. */
  function byOrder(a, b) {
    var first = state.order ? 0 : READ.indexOf(a.verdict) - READ.indexOf(b.verdict);
    return first || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  }
  function where(figure) { return [figure.area, figure.when].filter(Boolean).join(" · "); }

  function select(label, name, options) {
    var id = "db-rec-" + name;
    var box = make("select", { id: id, onchange: function (event) { state[name] = event.target.value; state.page = 0; draw(); } },
      options.map(function (o) { return make("option", { value: o[0], text: o[1] }); }));
    return make("p", { class: "db-rec-field" }, [make("label", { for: id, text: label }), box]);
  }

  function controls() {
    var sources = Array.from(new Set(data.figures.map(function (f) { return f.source; }))).sort();
    var chapters = Array.from(new Set(data.figures.map(function (f) { return f.chapter; }))).filter(function (name) { return data.chapters[name]; });
    var search = make("input", { id: "db-rec-text", type: "search", autocomplete: "off", placeholder: "数字、指标、地区或编号",
      oninput: function (event) { state.text = event.target.value; state.page = 0; draw(); } });
    return make("div", { class: "db-rec-controls" }, [
      make("p", { class: "db-rec-field db-rec-search" }, [make("label", { for: "db-rec-text", text: "查找" }), search]),
      select("结论", "verdict", [["", "全部"]].concat(Object.keys(WORDS).map(function (v) { return [v, GLYPHS[v] + " " + WORDS[v]]; }), [["edited", "受改动影响"]])),
      select("来源", "source", [["", "全部"]].concat(sources.map(function (s) { return [s, s]; }))),
      select("章节", "chapter", [["", "全部"]].concat(chapters.map(function (c) { return [c, data.chapters[c]]; }))),
      select("排列", "order", [["", "先列不符，引用在后"], ["id", "按编号"]]),
    ]);
  }

  /* A ratio has no unit, and the percent sign stands close. */
  function unit(figure) { return { "1": "", "%": "%" }[figure.unit] ?? " " + figure.unit; }

  function detail(figure) {
    var now = current[figure.id], rows = [];
    function line(term, content) { rows.push(make("dt", { text: term }), make("dd", {}, [].concat(content))); }
    line("指标", [figure.indicator, where(figure)].filter(Boolean).join("　"));
    line("出处", figure.source + "　" + figure.section);
    line("印刷代表", range(engine.printedInterval(figure, data.qualifiers[figure.qualifier])) + unit(figure));
    if (now.answer) {
      var formula = now.answer.formula;
      line("算式", formula.expression + "（" + formula.reading + "）");
      Object.keys(formula.inputs).forEach(function (name) { line("输入 " + name, editor(figures[formula.inputs[name]])); });
      line("复算", number(now.answer.value) + unit(figure) + "　区间 " + range(now.answer.interval));
      if (now.tried.length > 1) line("试过", now.tried.map(function (t) { return t.answer.formula.reading + "：" + WORDS[t.verdict]; }).join("；"));
    } else if (now.lost) {
      var only = formulas[figure.id][0];
      line("算式", only.expression + "（" + only.reading + "）");
      Object.keys(only.inputs).forEach(function (name) { line("输入 " + name, editor(figures[only.inputs[name]])); });
      line("复算", "按改动后的输入算不出数");
    } else if (figure.result !== undefined) {
      line("复算", number(figure.result) + unit(figure) + (figure.finding ? "（" + figure.finding + "）" : ""));
    }
    line("本数", editor(figure));
    /* Cause and note are about the numbers as printed. */
    var printed = now.verdict === figure.verdict && !edited(figure.id);
    if (figure.cause && printed) line("可能原因", figure.cause + (figure.changes === "no" ? "；不改变结论" : figure.changes === "yes" ? "；改变结论" : ""));
    if (figure.note && printed) line("说明", figure.note);
    if (data.chapters[figure.chapter]) line("章节", make("a", { href: figure.chapter + ".html", text: data.chapters[figure.chapter] }));
    return make("dl", { class: "db-rec-detail" }, rows);
  }

  function editor(figure) {
    var label = figure.id + "　" + figure.published;
    if (base[figure.id] === null) return make("span", { text: label });
    var input = make("input", { type: "number", step: "any", value: String(figure.value), "aria-label": label + "，改动印刷数", class: "db-rec-input",
      oninput: function (event) {
        var value = Number(event.target.value);
        if (event.target.value !== "" && Number.isFinite(value) && value !== figure.value) change(figure.id, value);
      } });
    return make("span", { class: edited(figure.id) ? "db-rec-edited" : "" }, [label + "　", input, unit(figure)]);
  }

  function row(figure) {
    var now = current[figure.id], moved = now.verdict !== figure.verdict, open = state.open === figure.id;
    var toggle = make("button", { type: "button", class: "db-rec-open", "aria-expanded": String(open), text: figure.published.replace(/\s+/g, ""),
      onclick: function () { state.open = open ? "" : figure.id; draw(); } });
    var value = now.answer ? now.answer.value : now.lost ? undefined : figure.result;
    var verdict = [mark(now.verdict), " " + WORDS[now.verdict]];
    if (moved) verdict.push(make("small", { text: "（原：" + WORDS[figure.verdict] + "）" }));
    var cells = [
      make("td", { class: "db-rec-id", text: figure.id }), make("td", {}, [toggle]),
      make("td", {}, [figure.indicator, make("small", { class: "db-rec-where", text: [where(figure), "来源 " + figure.source].filter(Boolean).join(" · ") })]),
      make("td", { class: "right", text: value === undefined ? "—" : number(value) + unit(figure) }), make("td", { class: "db-rec-verdict" }, verdict),
    ];
    var rows = [make("tr", { id: "figure-" + figure.id, class: moved || edited(figure.id) ? "db-rec-moved" : "" }, cells)];
    if (open) rows.push(make("tr", { class: "db-rec-more" }, [make("td", { colspan: "5" }, [detail(figure)])]));
    return rows;
  }

  var status = make("p", { class: "db-rec-status", role: "status" });
  var body = make("tbody"), pager = make("nav", { class: "db-rec-pager", "aria-label": "总表分页" });
  var table = make("table", { class: "db-rec-table" }, [
    make("thead", {}, [make("tr", {}, ["编号", "印刷", "指标（地区 · 时期 · 来源）", "复算", "结论"].map(function (t, i) { return make("th", { scope: "col", class: i === 3 ? "right" : "", text: t }); }))]), body,
  ]);

  /* A field made anew has its caret at the front; whoever types goes on at the end. */
  function behind(field) {
    var text = field.value;
    if (field.type === "number") { field.value = ""; field.value = text; }
  }

  /* What a control is called, with its row: many rows print the same number. */
  function spoken(control) {
    var row = control.closest("tr[id]");
    return (row ? row.id + " " : "") + (control.getAttribute("aria-label") || control.textContent);
  }

  function draw() {
    var at = document.activeElement, focus = place.contains(at) && spoken(at);
    var list = shown(), pages = Math.max(1, Math.ceil(list.length / PAGE)), changed = editedIds().length;
    state.page = Math.min(state.page, pages - 1);
    body.replaceChildren.apply(body, list.slice(state.page * PAGE, (state.page + 1) * PAGE).flatMap(row));
    var moved = data.figures.filter(function (f) { return current[f.id].verdict !== f.verdict; }).length;
    status.replaceChildren(list.length + " 个数字" + (changed ? "　·　改动 " + changed + " 个，结论变化 " + moved + " 个　" : ""));
    if (changed) status.append(make("button", { type: "button", class: "db-rec-reset", text: "全部复位", onclick: reset }));
    pager.replaceChildren();
    if (pages > 1) {
      [["上一页", -1], ["下一页", 1]].forEach(function (step, index) {
        var target = state.page + step[1];
        if (index === 1) pager.append(make("span", { text: "第 " + (state.page + 1) + " / " + pages + " 页" }));
        pager.append(make("button", { type: "button", text: step[0], disabled: target < 0 || target >= pages ? "" : null, onclick: function () { state.page = target; draw(); table.scrollIntoView(); } }));
      });
    }
    if (!focus || place.contains(document.activeElement)) return;
    // What is made anew takes the focus again; at the last page the button back, after a reset the first control.
    var again = Array.prototype.filter.call(place.querySelectorAll("[aria-label], button"), function (n) {
      return !n.disabled && spoken(n) === focus;
    })[0] || (pager.contains(at) || !at.isConnected ? pager.querySelector("button:not(:disabled)") : null);
    if (again) { again.focus({ preventScroll: true }); behind(again); }
  }

  /* #figure-000-0025 opens that row, whatever the filters. */
  function follow() {
    var match = /^#figure-(\d{3}-\d{4})$/.exec(location.hash);
    if (!match || !figures[match[1]]) return;
    state.source = state.verdict = state.chapter = state.text = "";
    state.open = match[1];
    state.order = "";
    state.page = Math.floor(shown().indexOf(figures[match[1]]) / PAGE);
    Array.prototype.forEach.call(place.querySelectorAll("select, input[type=search]"), function (n) { n.value = ""; });
    draw();
    document.getElementById("figure-" + match[1]).scrollIntoView({ block: "center" });
  }

  place.replaceChildren(controls(), status, make("div", { class: "table-wrapper" }, [table]), pager);
  place.classList.add("db-rec-ready");
  draw();
  follow();
  window.addEventListener("hashchange", follow);
})();
