/* Evidence at each number: what is printed where, what was recomputed from what, and with which verdict.
   The texts come with the page (#db-evidence, made by decisionbook.render.evidence) and are only placed here, as text nodes.
   Opens on hover, on focus, on Enter, on a tap; Escape closes it and gives the focus back. */
(function () {
  "use strict";
  var block = document.getElementById("db-evidence");
  if (!block) { return; }
  var data = JSON.parse(block.textContent);
  var SENTENCES = {
    reproduced: "复算一致", within_rounding: "舍入范围内一致", consistent: "印刷为约数，界限成立",
    contradicted: "复算不符", input: "直接引用", unverifiable: "缺少数据，无法复算"
  };
  // Beside this script: the engine and the data of 复核总表, for who tries other prints.
  var FOLDER = document.currentScript ? document.currentScript.src.replace(/[^\/]*$/, "") : "_static/";
  var TRY = { "engine.js": "DecisionBookEngine", "reconciliation-data.js": "decisionbookReconciliation", "evidence-try.js": "DecisionBookTry" };
  var OPEN_AFTER = 160, CLOSE_AFTER = 280;
  var SHEET = window.matchMedia("(max-width: 640px)");
  var own = Object.prototype.hasOwnProperty;
  var view = make("div", "evidence-view"), current = null, pinned = false, silent = false, timer = 0;

  function make(tag, className, children) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    [].concat(children === undefined ? [] : children).forEach(function (child) {
      if (child !== "" && child !== null) { element.append(child); }
    });
    return element;
  }

  function figure(id) { return own.call(data.figures, id) ? data.figures[id] : null; }
  function finding(key) { return own.call(data.findings, key) ? data.findings[key] : null; }

  /* A key names a finding, or figures parted by spaces. */
  function judged(key) {
    var found = finding(key);
    return (found ? found.answers || [] : key.split(" ")).filter(figure);
  }
  function known(key) { return Boolean(finding(key)) || judged(key).length > 0; }

  // What is shown

  function mark(verdict) {
    var glyph = make("span", "evidence " + verdict);
    glyph.setAttribute("aria-hidden", "true");
    return glyph;
  }
  function link(href, text, className) {
    var anchor = make("a", className, text);
    anchor.href = href;
    return anchor;
  }
  function rowLink(id, text, className) {
    return data.table ? link(data.table + "#figure-" + id, text, className) : make("span", className, text);
  }
  function place(id, long) {
    var source = id.slice(0, 3), title = own.call(data.sources, source) ? data.sources[source] : "";
    return [source + (long && title ? "《" + title + "》" : "") + "　", make("span", "evidence-section", figure(id).section)];
  }
  function chapterLink(name) {
    var chapter = own.call(data.chapters, name) ? data.chapters[name] : null;
    return chapter ? link(chapter[1], chapter[0]) : "";
  }

  function rows(pairs) {
    return make("dl", "", pairs.filter(function (pair) { return pair[1]; }).map(function (pair) {
      return make("div", pair[2] || "", [make("dt", "", pair[0]), make("dd", "", pair[1])]);
    }));
  }
  function inputs(ids, letters, more) {
    if (!ids || !ids.length) { return ""; }
    var items = ids.filter(figure).map(function (id, index) {
      return make("li", "", [
        letters && letters[index] ? make("var", "", letters[index]) : "",
        rowLink(id, figure(id).published), make("small", "", place(id))
      ]);
    });
    return make("ul", "", more ? items.concat(make("li", "", "另有 " + more + " 个印刷数字，见本章复核表")) : items);
  }
  function list(texts) {
    return texts && texts.length ? make("ul", "", texts.map(function (text) { return make("li", "", text); })) : "";
  }
  /* What a number rests on beside printed figures; the code is the notebook's own line. */
  function basis(record) {
    return [
      ["统计", list(record.statistics)],
      ["数据表", list(record.tables)],
      ["参数", list(record.parameters)],
      ["设定", record.constant ? "本章设定的数，不取自来源" : ""],
      ["程序", record.code ? make("details", "", [make("summary", "", "笔记本里的算式"), make("code", "", record.code)]) : ""]
    ];
  }
  function computed(record) {
    return record.value ? [make("b", "", record.value), record.bounds ? make("small", "", "区间 " + record.bounds) : ""] : "";
  }

  /* Load what is missing, one after the other: the last needs the others. */
  function load(done) {
    var missing = Object.keys(TRY).filter(function (name) { return !window[TRY[name]]; })[0];
    if (!missing) { done(); return; }
    var script = document.createElement("script");
    script.src = FOLDER + missing;
    script.addEventListener("load", function () { load(done); });
    document.head.append(script);
  }
  /* Only a figure with a formula can be computed in the page, and only where the book has its 复核总表. */
  function trying(id, record) {
    if (!data.table || !record.inputs || !record.inputs.length || !(record.formula || record.letters)) { return ""; }
    var button = make("button", "evidence-try", "改动输入试算"), holder = make("div", "evidence-trying", button);
    button.type = "button";
    button.addEventListener("click", function () {
      pinned = true;
      load(function () { window.DecisionBookTry(holder, id, put); });
    });
    return holder;
  }

  function figureView(id) {
    var record = figure(id);
    return make("section", "is-" + record.verdict, [
      make("p", "evidence-verdict", [mark(record.verdict), SENTENCES[record.verdict] || record.verdict]),
      rows([
        ["印刷", [make("b", "", record.published), record.printed ? make("small", "", "所指 " + record.printed) : ""]],
        ["出处", place(id, true)],
        ["复算", computed(record)],
        ["影响", record.effect || ""],
        ["可能", record.cause || ""],
        ["算式", record.formula || ""],
        ["读法", record.reading || ""],
        ["输入", inputs(record.inputs, record.letters, record.more)]
      ].concat(basis(record), [
        ["算于", record.chapter ? chapterLink(record.chapter) : ""],
        ["说明", record.note || ""]
      ])),
      trying(id, record),
      make("p", "evidence-more", rowLink(id, "在复核总表中查看、改动 " + id))
    ]);
  }

  function derivedView(record) {
    return make("section", "is-derived", [
      make("p", "evidence-verdict", "推算值，不对应印刷数字"),
      rows([
        ["数值", computed(record)],
        ["输入", inputs(record.inputs, null, record.more)]
      ].concat(basis(record), [
        ["算于", record.chapter ? chapterLink(record.chapter) : ""]
      ]))
    ]);
  }

  /* The address of this number on this page, to be copied; page.js copies and says so. */
  function permalink() {
    var holder = current.id ? current : document.querySelector('.num[id][data-evidence="' + window.CSS.escape(current.dataset.evidence) + '"]');
    if (!holder || !holder.id) { return ""; }
    var anchor = link("#" + holder.id, "复制此数的链接", "db-permalink");
    return make("p", "evidence-more", anchor);
  }

  function fill(key) {
    var ids = judged(key), close = make("button", "evidence-close", "关闭");
    close.type = "button";
    close.addEventListener("click", function () { hide(true); });
    view.replaceChildren.apply(view, (ids.length ? ids.map(figureView) : [derivedView(finding(key))]).concat(permalink(), close));
    view.setAttribute("aria-label", "依据：" + (ids.length ? figure(ids[0]).published : current.textContent));
    view.scrollTop = 0;
  }

  // Where and when

  /* Below the number where there is room, else above it; on a phone the sheet lies at the foot of the window. */
  function put() {
    view.style.left = view.style.top = view.style.maxHeight = "";
    var at = current.getClientRects()[0];
    if (!at) { hide(); return; }
    if (SHEET.matches) {
      var hidden = at.bottom + 24 - view.getBoundingClientRect().top;
      if (hidden > 0) { window.scrollBy(0, hidden); }
      return;
    }
    var header = document.querySelector(".db-header"), wide = document.documentElement.clientWidth;
    var top = header ? Math.max(0, header.getBoundingClientRect().bottom) : 0;
    var below = window.innerHeight - at.bottom - 22, above = at.top - top - 22, height = view.offsetHeight;
    var up = height > below && above > below;
    view.style.maxHeight = Math.max(140, up ? above : below) + "px";
    height = view.offsetHeight;
    view.style.left = Math.max(12, Math.min(at.left - 28, wide - view.offsetWidth - 12)) + window.pageXOffset + "px";
    view.style.top = (up ? at.top - height - 10 : at.bottom + 10) + window.pageYOffset + "px";
  }

  function show(trigger, pin) {
    window.clearTimeout(timer);
    pinned = pin || (pinned && trigger === current);
    if (trigger === current) { return; }
    mute();
    current = trigger;
    fill(trigger.dataset.evidence);
    trigger.setAttribute("aria-expanded", "true");
    trigger.classList.add("is-open");
    view.hidden = false;
    put();
  }
  function mute() {
    if (!current) { return; }
    current.setAttribute("aria-expanded", "false");
    current.classList.remove("is-open");
  }
  /* Gives the focus back when it was in the view, or when asked to. */
  function hide(back) {
    window.clearTimeout(timer);
    if (!current) { return; }
    var trigger = current, inside = view.contains(document.activeElement);
    mute();
    view.hidden = true;
    current = null;
    pinned = false;
    if (inside || back) {
      silent = true;
      trigger.focus({ preventScroll: true });
      silent = false;
    }
  }
  function later(action, wait) {
    window.clearTimeout(timer);
    timer = window.setTimeout(action, wait);
  }

  /* What opens: a derived number itself; for a printed one its mark, which may stand behind the unit. */
  function triggerAt(target) {
    var found = target.closest ? target.closest("[data-evidence]") : null;
    if (!found || found.hasAttribute("aria-haspopup")) { return found; }
    var marks = found.parentNode.querySelectorAll(".evidence[aria-haspopup]");
    return Array.prototype.filter.call(marks, function (each) {
      return each.dataset.evidence === found.dataset.evidence
        && found.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
    })[0] || null;
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-evidence]"), function (trigger) {
    var key = trigger.dataset.evidence, number = trigger.tagName === "SPAN";
    if (number ? !finding(key) || judged(key).length : !known(key)) { return; }
    trigger.setAttribute("role", "button");
    trigger.setAttribute("aria-haspopup", "dialog");
    trigger.setAttribute("aria-expanded", "false");
    if (number) {
      trigger.tabIndex = 0;
      trigger.setAttribute("aria-label", trigger.textContent + "：查看依据");
    }
  });

  view.id = "db-evidence-view";
  view.hidden = true;
  view.tabIndex = -1;
  view.setAttribute("role", "dialog");
  document.body.append(view);

  document.addEventListener("pointerover", function (event) {
    if (event.pointerType === "touch") { return; }
    if (view.contains(event.target)) { window.clearTimeout(timer); return; }
    var trigger = triggerAt(event.target);
    if (trigger && trigger !== current) {
      later(function () { if (!pinned) { show(trigger); } }, OPEN_AFTER);
    } else if (trigger) {
      window.clearTimeout(timer);
    } else if (current && !pinned && document.activeElement !== current) {
      later(hide, CLOSE_AFTER);
    } else if (!current) {
      window.clearTimeout(timer);
    }
  });
  document.addEventListener("pointerout", function (event) {
    // Out of the window altogether.
    if (!event.relatedTarget && event.pointerType !== "touch" && !pinned && document.activeElement !== current) { later(hide, CLOSE_AFTER); }
  });

  document.addEventListener("focusin", function (event) {
    if (silent || view.contains(event.target)) { return; }
    var trigger = triggerAt(event.target);
    if (trigger === event.target && trigger.matches(":focus-visible")) { show(trigger, true); } else if (trigger !== current) { hide(); }
  });

  document.addEventListener("click", function (event) {
    if (view.contains(event.target) || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    var trigger = triggerAt(event.target);
    if (!trigger) { hide(); return; }
    // Who selects the text of a number does not ask for its evidence.
    if (!event.target.closest("[aria-haspopup]") && !window.getSelection().isCollapsed) { return; }
    event.preventDefault();
    // Without coordinates of a pointer it was the keyboard: the evidence is opened to be read there.
    if (event.detail === 0) { show(trigger, true); view.focus({ preventScroll: true }); return; }
    if (trigger === current && pinned) { hide(); } else { show(trigger, true); }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && current) { hide(); return; }
    // A link knows Enter, a button also the space bar, and a number neither.
    if ((event.key === " " || event.key === "Enter") && event.target.matches("[data-evidence][role=button]")) {
      event.preventDefault();
      event.target.click();
    }
    if (event.key !== "Tab" || !view.contains(document.activeElement)) { return; }
    var stops = view.querySelectorAll("a[href], button:not(:disabled), input"), at = document.activeElement;
    if (event.shiftKey && (at === view || at === stops[0])) {
      event.preventDefault();
      hide();
    } else if (!event.shiftKey && at === stops[stops.length - 1]) {
      // The browser goes on from the number, to what follows it in the text.
      hide();
    }
  });

  /* An address that names a number opens its evidence: #num-share is the number of the finding share. */
  function openNamed() {
    var id = "";
    try { id = decodeURIComponent(window.location.hash.slice(1)); } catch (error) { return; }
    var named = /^num-/.test(id) ? document.getElementById(id) : null, trigger = named ? triggerAt(named) : null;
    if (trigger) { show(trigger, true); }
  }
  window.addEventListener("hashchange", openNamed);
  document.addEventListener("DOMContentLoaded", openNamed);

  window.addEventListener("resize", function () { if (current) { put(); } });
  // A table that scrolls sideways takes its numbers along, the view stays behind.
  document.addEventListener("scroll", function (event) {
    if (event.target !== document && current && event.target.contains(current)) { hide(); }
  }, true);
  // page.js names every mark by a title; here the view says more, and two boxes over one mark are one too many.
  document.addEventListener("DOMContentLoaded", function () {
    Array.prototype.forEach.call(document.querySelectorAll("[data-evidence][title]"), function (each) { each.removeAttribute("title"); });
  });
})();
