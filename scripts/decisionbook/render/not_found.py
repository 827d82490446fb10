"""404.html: the page that a server shows for an address that is not in the edition, or not in the site.

It is served below any path, so no relative address in it can be trusted: sheet and script stand in the page itself, let
through by their hashes, and the way home is found in the address that was asked for.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "404.html"
_SHEET = """
:root{color-scheme:light dark;--paper:#FBFAF6;--ink:#1F2A33;--soft:#5B666F;--accent:#B23A2E;--line:#E2DDD2}
@media (prefers-color-scheme:dark){:root{--paper:#14181C;--ink:#E8E4DB;--soft:#A3ABB1;--accent:#E8806F;--line:#2E353B}}
body{margin:0;background:var(--paper);color:var(--ink);border-top:3px solid var(--accent);
font:17px/1.85 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif}
main{max-width:34em;margin:0 auto;padding:14vh 22px 10vh}
h1{margin:0 0 14px;font:600 34px/1.4 "Source Han Serif SC","Noto Serif CJK SC","Noto Serif SC","Songti SC",SimSun,serif}
p{margin:0 0 1em}.soft{color:var(--soft)}code{overflow-wrap:anywhere}
a{display:inline-block;padding:9px 22px;border:1px solid var(--accent);border-radius:3px;color:var(--accent);text-decoration:none}
a:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
"""
# The folder of an edition in the address that was asked for tells the root: of that edition, and beside it of the site.
# Without one the root of the server is tried.
_SCRIPT = """
(function(){var editions=EDITIONS,site=SITE,path=location.pathname,home=document.getElementById("home"),root="/";
if(location.protocol==="file:"||/\\/404\\.html$/.test(path)){return;}
editions.forEach(function(edition){var at=path.lastIndexOf("/"+edition+"/");
if(at>=0){root=path.slice(0,at)+"/"+(site?"":edition+"/")+"index.html";}});
home.href=root;
document.getElementById("asked").textContent=decodeURI(path);
document.getElementById("where").hidden=false;})();
"""


def not_found_page(title: str, edition: Mapping[str, Any]) -> str:
    """Return the page of an edition; `title` is the book's, `edition` has an `id` and a `label`."""
    # A label as a rule begins with the id; said twice it reads like a slip.
    label = str(edition.get("label") or edition.get("id", ""))
    where = f"《{title}》{label}里没有这个地址。可能是地址有误，也可能是别的版本才有这一章。"
    return _page(title, where, "首页右上角可以搜索全书。", [str(edition["id"])] if edition.get("id") else [], site=False)


def site_not_found_page(title: str, editions: Sequence[str]) -> str:
    """Return the page of a published site, which leads to the list of its editions."""
    where = f"《{title}》的各版里都没有这个地址。可能是地址有误，也可能所要的版本不在这个网站上。"
    return _page(title, where, "首页列出全部版本。", editions, site=True)


def _page(title: str, where: str, hint: str, editions: Sequence[str], *, site: bool) -> str:
    folders = json.dumps(list(editions), ensure_ascii=False).replace("<", "\\u003c")
    script = _SCRIPT.replace("SITE", json.dumps(site)).replace("EDITIONS", folders)
    policy = f"default-src 'none'; style-src '{_hash(_SHEET)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>没有这一页 – {html.escape(title)}</title>
<style>{_SHEET}</style>
</head>
<body>
<main id="main">
<h1>没有这一页</h1>
<p>{html.escape(where)}</p>
<p class="soft" id="where" hidden>所要的地址：<code id="asked"></code></p>
<p><a id="home" href="index.html">回到首页</a></p>
<p class="soft">{html.escape(hint)}</p>
</main>
<script>{script}</script>
</body>
</html>
"""


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def write_not_found(folder: Path, title: str, edition: Mapping[str, Any]) -> None:
    """Write 404.html into the root of a finished edition: it holds code, which finish_site refuses elsewhere."""
    (folder / FILE).write_text(not_found_page(title, edition), encoding="utf-8", newline="\n")
