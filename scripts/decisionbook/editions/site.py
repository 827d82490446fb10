"""The published site around its editions: the shared list of editions and the landing page."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..render.not_found import FILE, site_not_found_page
from .archive import STUB
from .sphinx_build import EDITIONS_SCRIPT

LANDING = "index.html"
NOT_FOUND = FILE
_BEFORE, _AFTER = "window.DECISIONBOOK_EDITIONS = ", ";\n"
_POLICY = "default-src 'none'; style-src 'self' file:; img-src 'self' file: data:; base-uri 'none'; form-action 'none'"

Errata = Mapping[str, Sequence[Mapping[str, str]]]


def write_stub(folder: Path) -> None:
    """Write the list of editions beside a working build: empty, so that a page that looks for it finds a file."""
    path = folder / EDITIONS_SCRIPT
    if not path.is_file():
        path.write_text(STUB, encoding="utf-8")


def site_entries(manifests: Iterable[Mapping[str, Any]], errata: Errata, rebuilt: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return what the site says of each edition, newest first."""
    entries = []
    for manifest in sorted(manifests, key=lambda m: (m["as_of"], m["edition"]), reverse=True):
        name = manifest["edition"]
        pdf = f"decision-reference-{name}.pdf"
        entry: dict[str, Any] = {
            "id": name,
            "title": manifest["title"],
            "label": "·".join(word for word, key in (("回溯重建版", "reconstruction"), ("送审稿", "draft")) if manifest.get(key)),
            "as_of": manifest["as_of"],
            "compiled": manifest["compiled"],
            "summary": manifest["summary"],
            "href": f"{name}/{LANDING}",
            "pdf": f"{name}/{pdf}" if pdf in manifest["files"] else "",
            "archive": f"{name}.zip",
            "pages": sorted(f for f in manifest["files"] if f.endswith(".html") and not f.startswith("_")),
            "errata": [dict(e) for e in errata.get(name, [])],
        }
        if name in set(rebuilt):
            entry["rebuilt"] = True
        entries.append(entry)
    return entries


def script_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the script that every page of every edition loads: a file and not a request, so it works from a folder."""
    content = {"newest": entries[0]["id"] if entries else "", "editions": list(entries)}
    return _BEFORE + json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + _AFTER


def read_script(path: Path) -> dict[str, Any] | None:
    """Return the list of editions of a site, None when the file holds none that can be read."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text.removeprefix(_BEFORE).removesuffix(_AFTER)) if text.startswith(_BEFORE) else None
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("editions"), list) else None


def landing_page(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the landing page: the editions, newest first; no script, and the sheets of the newest edition."""
    newest = entries[0]
    static = html.escape(f"{newest['id']}/_static/")
    name, _, subtitle = newest["title"].partition("·")
    sheets = "\n".join(
        f'  <link rel="stylesheet" href="{static}{s}.css">' for s in ("tokens", "decisionbook", "components", "editions")
    )
    cards = "\n".join(_card(entry, newest=entry is newest) for entry in entries)
    brand = html.escape(name) + (f'<span class="db-brand-sub">·{html.escape(subtitle)}</span>' if subtitle else "")
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
  <meta charset="utf-8">
  <meta name="referrer" content="no-referrer">
  <meta http-equiv="Content-Security-Policy" content="{_POLICY}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{html.escape(newest["title"])}</title>
  <link rel="icon" href="{static}favicon.svg" type="image/svg+xml">
{sheets}
</head>
<body class="db-landing db-site">
<header class="db-header"><a class="db-brand" href="{html.escape(newest["href"])}">{brand}</a></header>
<main class="db-site-main">
  <h1>{html.escape(newest["title"])}</h1>
  <p class="db-site-lead">各版按资料截止日期排列，最新的在前。发布过的版本不再改动；发现的错误以勘误注明。</p>
  <ol class="db-site-editions">
{cards}
  </ol>
</main>
<footer class="db-footer"><div class="db-footer-inner">
  <p>本书为独立复算，不是简报编印单位的出版物。</p>
  <p>文字与整理的数据以 CC BY 4.0 许可，程序以 MIT 许可。</p>
</div></footer>
</body>
</html>
"""


def missing_page(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the page that a server shows for an address that is in no edition of the site."""
    return site_not_found_page(entries[0]["title"], [entry["id"] for entry in entries])


def _card(entry: Mapping[str, Any], *, newest: bool) -> str:
    text = {key: html.escape(value) for key, value in entry.items() if isinstance(value, str)}
    marks = ['<span class="db-site-newest">最新</span>'] if newest else []
    marks += [f'<span class="db-site-mark">{text["label"]}</span>'] if text["label"] else []
    marks += ['<span class="db-site-mark">本地重建，与发布记录不同</span>'] if entry.get("rebuilt") else []
    links = [f'<a href="{text["href"]}">网页</a>']
    links += [f'<a href="{text["pdf"]}">PDF</a>'] if text["pdf"] else []
    links += [f'<a href="{text["archive"]}">存档 ZIP</a>', f'<a href="{text["archive"]}.sha256">校验值</a>']
    errata = "".join(f"<li>{html.escape(_dated(e))}</li>" for e in entry["errata"])
    notice = f'\n      <ul class="db-site-errata">{errata}</ul>' if errata else ""
    return f"""    <li class="db-site-edition">
      <h2><a href="{text["href"]}">{text["id"]} 版</a> {" ".join(marks)}</h2>
      <p class="db-site-dates">{text["title"]}　数据截至 {text["as_of"]}　编制于 {text["compiled"]}</p>
      <p>{text["summary"]}</p>{notice}
      <p class="db-site-links">{"　".join(links)}</p>
    </li>"""


def _dated(erratum: Mapping[str, str]) -> str:
    date = f"（{erratum['date']}）" if erratum.get("date") else ""
    return f"勘误{date}：{erratum['text']}"
