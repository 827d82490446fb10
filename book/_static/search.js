/* Search in the whole book. The index is the book's own text (search-index.js, a script: fetch does not work from file://),
   loaded when the dialog first opens and scanned for what was typed. Nothing is split into words: Chinese has no spaces.
   Everything from the book or the reader is written as text nodes. */
(function () {
  "use strict";

  // What is written in several ways is compared in one: full and half width, case, dashes; what readers leave out is left out.
  var DASHES = /[\u2010-\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63]/g;
  var LEFT_OUT = /[\u00ad\u200b-\u200d\u2060\ufeff●◐○✕□?"'“”‘’「」『』《》〈〉]/g;
  var WORD = /[a-z0-9\u00df-\u024f]/, DIGIT = /[0-9]/, EDGE = /^[,.;:!、。]+|[,.;:!、。]+$/g;
  var folded = new Map();

  function fold(character) {
    var known = folded.get(character);
    if (known === undefined) {
      known = character === "\n" ? "\n" : character.normalize("NFKC").toLowerCase().replace(DASHES, "-").replace(LEFT_OUT, "").replace(/\s/g, " ");
      folded.set(character, known);
    }
    return known;
  }

  /* {text, from, to}: the text in the form that is compared, and where each of its units begins and ends in the original.
     A space stays between two Latin words or numbers alone; a comma between two digits parts thousands and goes. */
  function normalise(original) {
    var units = [], from = [], to = [], space = -1;
    for (var at = 0; at < original.length;) {
      var character = String.fromCodePoint(original.codePointAt(at)), plain = fold(character), end = at + character.length;
      for (var n = 0; n < plain.length; n += 1) {
        var unit = plain[n], last = units.length - 1;
        if (unit === " ") { if (space < 0) { space = at; } continue; }
        if (space >= 0 && last >= 0 && WORD.test(unit) && WORD.test(units[last])) { units.push(" "); from.push(space); to.push(at); }
        else if (space < 0 && last > 0 && units[last] === "," && DIGIT.test(unit) && DIGIT.test(units[last - 1])) { units.pop(); from.pop(); to.pop(); }
        space = -1;
        units.push(unit); from.push(at); to.push(end);
      }
      at = end;
    }
    return { text: units.join(""), from: from, to: to };
  }

  function plain(text) { return normalise(text).text; }

  /* The reader's words, each of which must occur, and the whole as it would stand in a line of the book. */
  function parse(text) {
    var words = text.split(/\s+/).map(function (word) { return plain(word).replace(EDGE, ""); }).filter(Boolean);
    return { phrase: plain(text.replace(/\s+/g, " ")).replace(EDGE, ""), words: Array.from(new Set(words)).slice(0, 12), said: text };
  }

  /* A hit inside a longer number or Latin word is one of chance: 678 in 50678, art in start. */
  function whole(text, at, length) {
    function joined(a, b) { return a && b && ((DIGIT.test(a) && DIGIT.test(b)) || (/[a-z]/.test(a) && /[a-z]/.test(b))); }
    var end = at + length, point = text[at - 1] === "." && DIGIT.test(text[at]) && DIGIT.test(text[at - 2] || "");
    var decimals = text[end] === "." && DIGIT.test(text[end - 1]) && DIGIT.test(text[end + 1] || "");
    return !point && !decimals && !joined(text[at - 1], text[at]) && !joined(text[end - 1], text[end]);
  }

  function places(text, word) {
    var found = [];
    for (var at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) { found.push(at); }
    return found;
  }

  function book(data) {
    var sections = data.sections.map(function (row, order) {
      var page = data.pages[row[0]], first = order === 0 || data.sections[order - 1][0] !== row[0];
      return { href: page[0] + (row[2] ? "#" + row[2] : ""), term: row[2].slice(0, 5) === "term-", page: page[0], title: page[1], part: page[2], first: first, heading: row[1],
        text: row[3], places: row[4] || [], order: order, H: plain(row[1]), T: plain(page[1]), X: plain(row[3]) };
    });
    var figures = data.figures.rows.map(function (row, order) {
      // Not by its place: the name of an article would bring up every figure in it.
      var line = row.slice(1, 5).concat(row[0]).join("\n");
      return { href: data.figures.page + "#figure-" + row[0], row: row, order: order, P: plain(row[1]), I: plain(row[2]), X: plain(line) };
    });
    var groups = data.synonyms.map(function (group) {
      return group.map(function (name) { return { name: name, plain: plain(name) }; }).filter(function (word) { return word.plain.length > 1; });
    });

    /* The query with a term of the glossary in its other words; letters count only as whole words (HHI, not the hi in this). */
    function variants(query) {
      var found = [];
      groups.forEach(function (group) {
        var joined = query.words.join(" ");
        [joined, query.phrase].some(function (line) {
          var own = group.filter(function (word) { var at = line.indexOf(word.plain); return at >= 0 && whole(line, at, word.plain.length); })
            .sort(function (a, b) { return b.plain.length - a.plain.length; })[0];
          if (!own) { return false; }
          group.forEach(function (word) {
            var other = parse(line.replace(own.plain, word.plain));
            // 覆盖率 as another word for 公积金覆盖率 would answer a question with half of it.
            if (word.plain !== own.plain && own.plain.indexOf(word.plain) < 0) { other.via = word.name; found.push(other); }
          });
          return true;
        });
      });
      return found.slice(0, 12);
    }

    /* How well a section answers: 0 not at all, 8 its page is called so; then by the number of hits. */
    function rate(section, query) {
      var own = false, every = query.words.every(function (word) {
        var here = section.X.indexOf(word) >= 0 || section.H.indexOf(word) >= 0;
        own = own || here;
        return here || section.T.indexOf(word) >= 0;
      });
      if (!every || !own) { return null; }
      var inHeading = query.words.every(function (word) { return section.H.indexOf(word) >= 0; }), at = places(section.X, query.phrase);
      var tier = section.H === query.phrase ? 6 : inHeading ? 5 : !at.length ? 1
        : at.some(function (start) { return whole(section.X, start, query.phrase.length); }) ? 3 : 2;
      if (section.first && inHeading) { tier += 2; }
      var hits = query.words.reduce(function (sum, word) { return sum + places(section.X, word).length; }, 0);
      return { tier: tier, hits: hits };
    }

    function rateFigure(figure, query) {
      if (!query.words.every(function (word) { return figure.X.indexOf(word) >= 0; })) { return null; }
      var at = figure.P.indexOf(query.phrase);
      return { tier: at >= 0 && whole(figure.P, at, query.phrase.length) ? 4 : figure.I === query.phrase ? 3 : figure.I.indexOf(query.phrase) >= 0 ? 2 : 1, hits: 0 };
    }

    function gather(entries, rating, queries) {
      var hits = [];
      entries.forEach(function (entry) {
        for (var n = 0; n < queries.length; n += 1) {
          var rated = rating(entry, queries[n]);
          if (rated) { hits.push({ entry: entry, query: queries[n], tier: rated.tier - (n ? 10 : 0), hits: rated.hits }); return; }
        }
      });
      return hits.sort(function (a, b) { return b.tier - a.tier || b.hits - a.hits || a.entry.order - b.entry.order; });
    }

    function occurs(word, beyondGlossary) {
      return sections.some(function (s) { return (s.X.indexOf(word) >= 0 || s.H.indexOf(word) >= 0) && !(beyondGlossary && s.term); }) ||
        figures.some(function (f) { return f.X.indexOf(word) >= 0; });
    }

    /* {sections, figures, also, query}: hits, best first; `also` are the other words that the book uses, beyond the glossary. */
    function find(text) {
      var query = parse(text), result = { query: query, sections: [], figures: [], also: [] };
      if (!query.words.length) { return result; }
      var queries = [query].concat(variants(query));
      result.sections = gather(sections, rate, queries);
      result.figures = gather(figures, rateFigure, queries);
      queries.slice(1).forEach(function (other) {
        if (other.words.every(function (word) { return occurs(word, true); }) && result.also.indexOf(other.via) < 0) { result.also.push(other.via); }
      });
      return result;
    }

    /* Parts of the query that are in the book, of two characters and more: a way on from nothing found. The longest come
       first, and what a heading holds (a subject) before a run of common words. */
    function nearest(text) {
      var parts = [];
      function worth(part) { return part.length + (sections.some(function (s) { return s.H.indexOf(part) >= 0; }) ? 2 : 0); }
      parse(text).words.forEach(function (word) {
        for (var start = 0, end = 1; end <= word.length; end += 1) {
          while (start < end && !occurs(word.slice(start, end))) { start += 1; }
          var here = end < word.length && occurs(word.slice(start, end + 1)) ? "" : word.slice(start, end).replace(EDGE, "");
          if (here.length > 1 && parts.indexOf(here) < 0) { parts.push(here); }
        }
      });
      return parts.sort(function (one, other) { return worth(other) - worth(one); }).slice(0, 3);
    }

    return { find: find, nearest: nearest };
  }

  /* Where the words of a query stand in a text, as [from, to] in the text itself, in order and not overlapping. */
  function marks(text, query) {
    var form = normalise(text), spans = [], whatIs = form.text.indexOf(query.phrase) >= 0 ? [query.phrase] : query.words;
    whatIs.forEach(function (word) {
      places(form.text, word).forEach(function (at) {
        spans.push({ from: form.from[at], to: form.to[at + word.length - 1], whole: whole(form.text, at, word.length) });
      });
    });
    spans.sort(function (a, b) { return a.from - b.from || b.to - a.to; });
    return spans.filter(function (span, n) { return !n || span.from >= spans[n - 1].to; });
  }

  function cut(text, at) { return /[\udc00-\udfff]/.test(text[at] || "") ? at - 1 : at; }

  /* A stretch of text around its best hit, or from its start: {text, spans, at}; `at` is the place of that hit in the whole. */
  function excerpt(text, query, fromStart) {
    var spans = marks(text, query), best = spans.filter(function (span) { return span.whole; })[0] || spans[0];
    var at = best && !fromStart ? best.from : 0, line = text.lastIndexOf("\n", at - 1) + 1, from = at - line > 36 ? cut(text, at - 24) : line;
    var to = cut(text, Math.min(text.length, Math.max(from + (fromStart ? 140 : 104), best && !fromStart ? best.to : 0)));
    spans.forEach(function (span) { if (span.from < to && span.to > to) { to = span.to; } });
    return { text: text.slice(from, to), at: at, before: from > line, after: to < text.length,
      spans: spans.filter(function (s) { return s.from < to && s.to > from; }).map(function (s) { return { from: Math.max(0, s.from - from), to: Math.min(to, s.to) - from }; }) };
  }

  function make(tag, className, children) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    [].concat(children === undefined ? [] : children).forEach(function (child) { element.append(child); });
    return element;
  }

  /* The text with its hits marked, as nodes: never as HTML. */
  function marked(text, spans) {
    var nodes = [], at = 0;
    function plainly(part) { return part.replace(/\n+/g, "　"); }
    spans.forEach(function (span) {
      nodes.push(plainly(text.slice(at, span.from)), make("mark", "", plainly(text.slice(span.from, span.to))));
      at = span.to;
    });
    return nodes.concat(plainly(text.slice(at)));
  }

  function dialog() {
    var root = document.documentElement.dataset.content_root || "", input = document.getElementById("db-search-input");
    var status = document.getElementById("db-search-status"), list = document.getElementById("db-search-results");
    var KEPT = "decisionbook-search", FEW = { sections: 12, figures: 6 };
    var index = null, state = "none", timer = 0, shown = null, open = {};

    // Back from a wrong hit, the reader finds what was typed; storage may be refused.
    function kept(text) {
      try {
        if (text === undefined) { return window.sessionStorage.getItem(KEPT) || ""; }
        window.sessionStorage.setItem(KEPT, text);
      } catch (error) { /* the query is not kept */ }
      return "";
    }

    function load() {
      if (state !== "none") { return; }
      state = "loading";
      status.textContent = "正在载入全书文字…";
      var script = make("script");
      script.src = root + "_static/search-index.js";
      script.onload = function () {
        try {
          index = book(window.decisionbookSearch);
          state = "ready";
          status.textContent = "";
          run();
        } catch (error) { failed(); }
      };
      script.onerror = failed;
      document.head.append(script);
    }
    function failed() {
      state = "none";
      status.textContent = "全书文字没有载入，不能搜索。请确认整个文件夹已复制完整，再打开一次。";
    }

    function link(href, title, crumb, text) {
      var anchor = make("a", "", [make("b", "db-hit-title", title), make("span", "db-hit-text", text)]);
      if (crumb) { anchor.firstChild.append(make("small", "db-hit-page", crumb)); }
      anchor.href = root + href;
      return make("li", "", anchor);
    }

    function sectionItem(hit) {
      // Of a term the reader wants the meaning, whatever the hit.
      var section = hit.entry, part = excerpt(section.text, hit.query, section.term), href = section.href;
      var inside = marks(section.text, hit.query).length && section.places.filter(function (p) { return p[0] <= part.at && part.at < p[1]; })[0];
      if (inside) { href = section.page + "#" + inside[2]; }
      var text = [part.before ? "…" : ""].concat(marked(part.text, part.spans), part.after ? "…" : "");
      return link(href, marked(section.heading, marks(section.heading, hit.query)), section.first ? section.part : section.title, text);
    }

    function figureItem(hit) {
      var row = hit.entry.row, title = row[1] + "　" + row[2], text = [row[3], row[4], "来源 " + row[5], row[0]].filter(Boolean).join("　");
      return link(hit.entry.href, marked(title, marks(title, hit.query)), "", marked(text, marks(text, hit.query)));
    }

    function group(kind, title, item) {
      var hits = shown[kind], few = open[kind] ? 400 : FEW[kind];
      if (!hits.length) { return []; }
      var items = hits.slice(0, few).map(item), more = hits.length - items.length;
      if (title) { items.unshift(make("li", "db-hit-group", title)); }
      if (more > 0 && !open[kind]) {
        var button = make("button", "", "再列 " + more + " 处");
        button.type = "button";
        button.addEventListener("click", function () {
          open[kind] = true;
          draw();
          var links = list.querySelectorAll("[data-kind=" + kind + "] a");
          if (links[few]) { links[few].focus(); }
        });
        items.push(make("li", "db-hit-more", button));
      }
      items.forEach(function (one) { one.dataset.kind = kind; });
      return items;
    }

    function draw() {
      var both = shown.sections.length && shown.figures.length, number = /^[\d.,，%％]+$/.test(shown.query.said.trim());
      var groups = [group("sections", both ? "正文" : "", sectionItem), group("figures", "复核总表里的印刷数字", figureItem)];
      if (number) { groups.reverse(); }
      list.replaceChildren.apply(list, groups[0].concat(groups[1]));
    }

    /* Nothing found: what is in the book of it, and what else may help. */
    function nothing(text) {
      var near = index.nearest(text), hints = ["少打几个字，或只打中间一段", "数字不必带逗号和单位", "两个词之间加空格，可以不相连"];
      var lines = hints.map(function (hint) { return make("li", "", hint); });
      if (near.length) {
        lines.unshift(make("li", "", ["书中有："].concat(near.map(function (part) {
          var button = make("button", "", part);
          button.type = "button";
          button.addEventListener("click", function () { input.value = part; input.focus(); run(); });
          return button;
        }))));
      }
      list.replaceChildren(make("li", "db-hit-none", make("ul", "", lines)));
    }

    function run() {
      window.clearTimeout(timer);
      if (!index) { return; }
      var text = input.value.slice(0, 200);
      shown = index.find(text);
      open = {};
      kept(input.value);
      list.scrollTop = 0;
      if (!shown.query.words.length) { status.textContent = ""; list.replaceChildren(); return; }
      var found = shown.sections.length + shown.figures.length, said = [];
      if (shown.sections.length) { said.push("正文 " + shown.sections.length + " 节"); }
      if (shown.figures.length) { said.push("印刷数字 " + shown.figures.length + " 个"); }
      status.textContent = (found ? said.join("，") + "。" : "书中没有“" + text.trim() + "”。") + (shown.also.length ? "也查了：" + shown.also.join("、") + "。" : "");
      if (found) { draw(); } else { nothing(text); }
    }

    function move(step) {
      var stops = [input].concat(Array.prototype.slice.call(list.querySelectorAll("a, button")));
      var at = stops.indexOf(document.activeElement) + step;
      if (at >= 0 && at < stops.length) { stops[at].focus(); }
    }

    document.addEventListener("db:search-open", function () {
      if (!input.value && kept()) { input.value = kept(); input.select(); }
      if (index) { run(); } else { load(); }
    });
    input.addEventListener("input", function (event) {
      window.clearTimeout(timer);
      // Letters on their way to becoming characters are not yet a query.
      if (!event.isComposing) { timer = window.setTimeout(run, 90); }
    });
    input.addEventListener("compositionend", run);
    document.getElementById("db-search").addEventListener("keydown", function (event) {
      if (event.isComposing || event.keyCode === 229) { return; }
      var typing = event.target === input, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        move(step);
      } else if (event.key === "Enter" && typing) {
        event.preventDefault();
        run();
        var first = list.querySelector("a");
        if (first) { first.click(); }
      } else if (!typing && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
        input.focus();
      }
    });
  }

  window.DecisionBookSearch = { normalise: normalise, parse: parse, marks: marks, excerpt: excerpt, book: book };
  document.addEventListener("DOMContentLoaded", function () {
    if (document.getElementById("db-search")) { dialog(); }
  });
})();
