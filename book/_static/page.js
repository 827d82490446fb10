/* What a page of the book does by itself: its colours, navigation, search dialog, marks, tables, links to copy, printing.
   A classic script in the head, so that it runs from file:// and sets the chosen colours before anything is drawn. */
(function () {
  "use strict";
  var root = document.documentElement;
  var THEME_KEY = "decisionbook-theme";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Storage may be refused (private windows, some file:// settings): then the choice lasts for one page.
  function remembered() {
    try { return window.localStorage.getItem(THEME_KEY); } catch (error) { return null; }
  }
  function remember(theme) {
    try {
      if (theme) { window.localStorage.setItem(THEME_KEY, theme); } else { window.localStorage.removeItem(THEME_KEY); }
    } catch (error) { /* the choice is not kept */ }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  }

  root.classList.add("has-script");
  if (/^(light|dark)$/.test(remembered() || "")) { root.dataset.theme = remembered(); }

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }
  function one(selector) { return document.querySelector(selector); }
  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text) { element.textContent = text; }
    return element;
  }

  // Light and dark. A choice equal to the system's is forgotten, so that the page follows the system again.
  function themeButton() {
    var button = one(".db-theme");
    function show() { button.setAttribute("aria-pressed", String(isDark())); }
    function announce() {
      show();
      document.dispatchEvent(new CustomEvent("db:theme", { detail: { dark: isDark() } }));
    }
    button.addEventListener("click", function () {
      var chosen = isDark() ? "light" : "dark";
      if ((chosen === "dark") === dark.matches) {
        delete root.dataset.theme;
        remember(null);
      } else {
        root.dataset.theme = chosen;
        remember(chosen);
      }
      announce();
    });
    if (dark.addEventListener) { dark.addEventListener("change", announce); }
    show();
  }

  // The navigation as a drawer, where the window has no room for it.
  function drawer() {
    var menu = one(".db-menu"), nav = one("#db-nav"), backdrop = one(".db-backdrop");
    function set(open, silent) {
      nav.classList.toggle("is-open", open);
      backdrop.hidden = !open;
      menu.setAttribute("aria-expanded", String(open));
      if (open) {
        (nav.querySelector("[aria-current]") || nav.querySelector("a")).focus({ preventScroll: false });
      } else if (!silent) {
        menu.focus();
      }
    }
    menu.addEventListener("click", function (event) {
      event.preventDefault();
      set(!nav.classList.contains("is-open"));
    });
    menu.addEventListener("keydown", function (event) {
      if (event.key === " ") { event.preventDefault(); menu.click(); }
    });
    [backdrop, one(".db-nav-close")].forEach(function (element) {
      element.addEventListener("click", function () { set(false); });
    });
    document.addEventListener("keydown", function (event) {
      if (!nav.classList.contains("is-open")) { return; }
      if (event.key === "Escape") { set(false); }
      if (event.key === "Tab") {
        var links = all("a, button", nav), edge = event.shiftKey ? links[0] : links[links.length - 1];
        if (document.activeElement === edge) {
          event.preventDefault();
          (event.shiftKey ? links[links.length - 1] : links[0]).focus();
        }
      }
    });
    nav.addEventListener("click", function (event) {
      if (event.target.closest("a")) { set(false, true); }
    });
    // The current chapter should be in sight in a long navigation.
    var current = nav.querySelector("[aria-current]");
    if (current && current.offsetTop > nav.clientHeight - 80) { nav.scrollTop = current.offsetTop - nav.clientHeight / 2; }
  }

  function searchDialog() {
    var dialog = one("#db-search"), input = one("#db-search-input"), button = one(".db-search-open");
    if (!dialog || !dialog.showModal) { button.hidden = true; return; }
    function open() {
      if (dialog.open) { return; }
      dialog.showModal();
      input.focus();
      input.select();
      document.dispatchEvent(new CustomEvent("db:search-open"));
    }
    button.addEventListener("click", open);
    // Enter in the field must not close the dialog: search.js decides what it means.
    dialog.querySelector("form").addEventListener("submit", function (event) {
      if (event.submitter && event.submitter.value === "close") { return; }
      event.preventDefault();
    });
    // A search field keeps Escape for itself, to empty it; the reader means the dialog.
    input.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { event.preventDefault(); dialog.close(); }
    });
    dialog.addEventListener("click", function (event) {
      if (event.target === dialog) { dialog.close(); }
    });
    document.getElementById("db-search-results").addEventListener("click", function (event) {
      if (event.target.closest("a")) { dialog.close(); }
    });
    document.addEventListener("keydown", function (event) {
      var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
      var asked = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing);
      if (asked) { event.preventDefault(); open(); }
    });
    if (/Mac|iPhone|iPad/.test(navigator.platform)) { button.querySelector("kbd").textContent = "⌘ K"; }
  }

  // Contents of the page: the section that is being read.
  function contents() {
    var links = {};
    all(".db-toc a[href^='#']").forEach(function (link) {
      links[decodeURIComponent(link.hash.slice(1))] = link;
    });
    var sections = Object.keys(links).map(function (id) { return document.getElementById(id); }).filter(Boolean);
    if (!sections.length) { return; }
    var waiting = false;
    function mark() {
      waiting = false;
      var current = sections[0], end = window.innerHeight + window.pageYOffset >= root.scrollHeight - 4;
      sections.forEach(function (section) {
        if (end || section.getBoundingClientRect().top < 140) { current = section; }
      });
      sections.forEach(function (section) {
        var link = links[section.id];
        link.classList.toggle("is-here", section === current);
        if (section === current) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
      });
    }
    window.addEventListener("scroll", function () {
      if (!waiting) { waiting = true; window.requestAnimationFrame(mark); }
    }, { passive: true });
    mark();
  }

  var LONG_TABLE = 24;
  // Wide tables: reachable by keyboard, with a hint and a shadow while there is more to the right.
  function wideTables() {
    all(".db-table").forEach(function (table) {
      var frame = table.querySelector(".db-scroll"), caption = table.querySelector(".db-table-caption");
      if (!frame) { return; }
      var hint = make("span", "db-scroll-hint", "左右滑动看全表");
      hint.setAttribute("aria-hidden", "true");
      table.insertBefore(hint, table.firstChild);
      // A long table in the run of a chapter scrolls in a frame of its own, under its heads; a page of tables shows it whole.
      var tall = frame.querySelectorAll("tbody tr").length > LONG_TABLE && Boolean(one(".chapter-meta"));
      table.classList.toggle("is-tall", tall);
      function measure() {
        var wide = frame.scrollWidth > frame.clientWidth + 2;
        table.classList.toggle("is-wide", wide);
        hint.textContent = tall ? (wide ? "在表内上下左右滑动" : "在表内上下滑动") : "左右滑动看全表";
        table.classList.toggle("at-end", frame.scrollLeft + frame.clientWidth >= frame.scrollWidth - 2);
        if (wide || tall) {
          frame.tabIndex = 0;
          frame.setAttribute("role", "region");
          frame.setAttribute("aria-label", caption ? caption.textContent.trim() : "宽表");
        } else {
          frame.removeAttribute("tabindex");
          frame.removeAttribute("role");
          frame.removeAttribute("aria-label");
        }
      }
      frame.addEventListener("scroll", measure, { passive: true });
      window.addEventListener("resize", measure);
      var fold = table.closest("details");
      if (fold) { fold.addEventListener("toggle", measure); }
      measure();
    });
    all(".chart, .highlight > pre, div.math").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 2) { box.tabIndex = 0; }
    });
  }

  // Verdict marks say in words what they show, unless the page already says it.
  var WORDS = {
    reproduced: "复算一致", within_rounding: "舍入范围内一致", consistent: "印刷为约数，界限成立",
    contradicted: "复算不符", input: "直接引用", unverifiable: "缺少数据，无法复算"
  };
  function marks() {
    all(".evidence").forEach(function (mark) {
      Object.keys(WORDS).forEach(function (verdict) {
        if (!mark.classList.contains(verdict) || mark.title) { return; }
        mark.title = WORDS[verdict];
        if (!mark.getAttribute("role") && mark.tagName === "SPAN") {
          mark.setAttribute("role", "img");
          mark.setAttribute("aria-label", WORDS[verdict]);
        }
      });
    });
  }

  function copy(text, done, failed) {
    function fallback() {
      var area = make("textarea");
      area.value = text;
      area.className = "db-offscreen";
      document.body.appendChild(area);
      area.select();
      var copied = false;
      try { copied = document.execCommand("copy"); } catch (error) { copied = false; }
      area.remove();
      if (copied) { done(); } else if (failed) { failed(); }
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(done, fallback);
    } else {
      fallback();
    }
  }

  function copyLinks() {
    all(".headerlink").forEach(function (link) {
      link.title = "复制这一处的链接";
      link.setAttribute("aria-label", link.title);
      link.addEventListener("click", function () {
        copy(link.href, function () {
          link.classList.add("is-copied");
          window.setTimeout(function () { link.classList.remove("is-copied"); }, 1600);
        });
      });
    });
    all("details .highlight, .literal-block-wrapper .highlight").forEach(function (block) {
      var button = make("button", "db-copy", "复制");
      button.type = "button";
      button.addEventListener("click", function () {
        copy(block.querySelector("pre").textContent, function () {
          button.textContent = "已复制";
          window.setTimeout(function () { button.textContent = "复制"; }, 1600);
        });
      });
      block.appendChild(button);
    });
  }

  function said(element, words) {
    var before = element.textContent;
    element.textContent = words;
    window.setTimeout(function () { element.textContent = before; }, 2000);
  }

  // The link of one number, in the view of its evidence, which is made anew each time.
  function numberLinks() {
    document.addEventListener("click", function (event) {
      var link = event.target.closest(".db-permalink");
      if (!link) { return; }
      event.preventDefault();
      copy(link.href, function () { said(link, "已复制"); }, function () { window.location.hash = link.hash; });
    });
  }

  // Where copying is refused the text is selected, to be copied by hand.
  function citing() {
    var today = new Date(), pad = function (number) { return (number < 10 ? "0" : "") + number; };
    var day = [today.getFullYear(), pad(today.getMonth() + 1), pad(today.getDate())].join("-");
    all(".db-citation").forEach(function (citation) {
      var text = citation.querySelector(".db-citation-text"), button = citation.querySelector("button");
      button.hidden = false;
      button.addEventListener("click", function () {
        var words = text.textContent, online = /^https?:$/.test(window.location.protocol);
        if (online && citation.dataset.form === "gbt") {
          words += "[" + day + "]. " + window.location.href.replace(/#.*$/, "") + ".";
        }
        copy(words, function () { said(button, "已复制"); }, function () {
          window.getSelection().selectAllChildren(text);
          said(button, "已选中");
        });
      });
    });
    all('a[href="#db-cite"]').forEach(function (link) {
      link.addEventListener("click", function () { document.getElementById("db-cite").open = true; });
    });
  }

  // The way back up, once the reader is far down a long page.
  function upwards() {
    var link = one(".db-top"), waiting = false;
    function show() {
      waiting = false;
      link.hidden = window.pageYOffset < 1.5 * window.innerHeight;
    }
    window.addEventListener("scroll", function () {
      if (!waiting) { waiting = true; window.requestAnimationFrame(show); }
    }, { passive: true });
    show();
  }

  function printing() {
    // Paper has no way to open what is folded.
    var folds = [];
    window.addEventListener("beforeprint", function () {
      folds = all("details.db-fold:not([open])");
      folds.forEach(function (fold) { fold.open = true; });
    });
    window.addEventListener("afterprint", function () {
      folds.forEach(function (fold) { fold.open = false; });
    });
    all(".db-print").forEach(function (button) {
      button.addEventListener("click", function () { window.print(); });
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    [themeButton, drawer, searchDialog, contents, wideTables, marks, copyLinks, numberLinks, citing, upwards, printing].forEach(function (start) { start(); });
  });
})();
