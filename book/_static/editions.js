/* Editions. A published site has one script beside its editions that tells every page what else there is, editions
   published later among it: this one turns it into the switcher, the mark of an older edition, and notices of errata. */
(function () {
  "use strict";

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text) { element.textContent = text; }
    return element;
  }

  // The page's own name within its edition: as many folders up as the way to the edition's root says.
  function pageName(root) {
    var above = (root.dataset.content_root.match(/\.\.\//g) || []).length;
    var parts = window.location.pathname.split("/").slice(-1 - above);
    if (!parts[parts.length - 1]) { parts[parts.length - 1] = "index.html"; }
    return parts.map(function (part) {
      try { return decodeURIComponent(part); } catch (error) { return part; }
    }).join("/");
  }

  // The same chapter in another edition, or that edition's first page where it has no such chapter.
  function address(edition, page) {
    var has = (edition.pages || []).indexOf(page) >= 0;
    return { href: has ? edition.href.replace(/[^\/]*$/, "") + page : edition.href, same: has };
  }

  function note(className, text) {
    var element = make("p", className, text);
    document.querySelector(".db-header").insertAdjacentElement("afterend", element);
    return element;
  }

  function linkTo(edition, page, up, text) {
    var found = address(edition, page), link = make("a", "", text);
    link.href = up + found.href;
    return link;
  }

  function fill(menu, listed, here, page, up) {
    listed.editions.forEach(function (edition) {
      var link = linkTo(edition, page, up, edition.id + " 版" + (edition.label ? "　" + edition.label : ""));
      if (edition.id === listed.newest) { link.appendChild(make("span", "db-edition-mark", "最新")); }
      if (edition.id === here) {
        link.setAttribute("aria-current", "true");
      } else if (!address(edition, page).same) {
        link.appendChild(make("span", "db-edition-none", "没有本页，转到首页"));
      }
      menu.appendChild(make("li")).appendChild(link);
    });
    var all = make("a", "db-editions-all", "全部版本");
    all.href = up + "index.html";
    menu.appendChild(make("li")).appendChild(all);
  }

  function open(button, menu) {
    function set(shown) {
      menu.hidden = !shown;
      button.setAttribute("aria-expanded", String(shown));
    }
    button.disabled = false;
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", function () { set(menu.hidden); });
    document.addEventListener("click", function (event) { if (!event.target.closest(".db-edition")) { set(false); } });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && !menu.hidden) { set(false); button.focus(); }
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    var listed = window.DECISIONBOOK_EDITIONS, root = document.documentElement;
    var button = document.querySelector(".db-edition-button"), menu = document.querySelector(".db-editions");
    if (!button || !menu || !listed || !listed.editions || !listed.editions.length) { return; }
    var here = root.dataset.edition, up = root.dataset.content_root + "../", page = pageName(root);
    fill(menu, listed, here, page, up);
    open(button, menu);
    var own = listed.editions.filter(function (edition) { return edition.id === here; })[0];
    var newest = listed.editions.filter(function (edition) { return edition.id === listed.newest; })[0];
    ((own && own.errata) || []).slice().reverse().forEach(function (erratum) {
      note("db-erratum", "勘误" + (erratum.date ? "（" + erratum.date + "）" : "") + "：" + erratum.text).setAttribute("role", "note");
    });
    if (newest && newest.id !== here) {
      var newer = note("db-newer", "这是 " + here + " 版，之后已有新版：");
      newer.appendChild(linkTo(newest, page, up, newest.id + " 版" + (address(newest, page).same ? "的这一页" : "")));
    }
  });
})();
