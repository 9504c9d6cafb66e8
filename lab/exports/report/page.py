"""The document around a report: how it looks, on light and dark screens and on paper."""

from __future__ import annotations

from lab.exports.report.markup import escape, palette

_GROUND = (
    "--page:#fcfcfa;--ink:#22242a;--muted:#6a6d76;--faint:#dfe0e4;--code:#f1f1ee;--positive:#a0540a;--negative:#145fbe"
)
_DARK_GROUND = (
    "--page:#14171c;--ink:#e4e5e8;--muted:#9a9ea8;--faint:#343943;--code:#1e222a;--positive:#f09632;--negative:#5faaff"
)
_LOOK = """
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.2rem 4rem;max-width:62rem;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0}h2{font-size:1.2rem;margin:2.4rem 0 .8rem;padding-bottom:.2rem;
border-bottom:1px solid var(--faint)}h3{font-size:1rem;margin:1.2rem 0 .4rem}
.text{max-width:44rem}.note,.legend,figcaption{color:var(--muted);font-size:.85rem;margin:.2rem 0}
.legend{color:var(--ink)}.legend span{margin-right:1rem;white-space:nowrap}
.idea{font-weight:600;font-size:1.05rem;max-width:44rem}.good{color:var(--good)}.bad{color:var(--bad)}
.question{border-left:3px solid var(--s0);padding:.1rem 0 .1rem 1rem;max-width:44rem;margin:1.4rem 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85em;background:var(--code)}
code{padding:.1em .25em;border-radius:3px}pre{padding:.8rem;overflow-x:auto;border-radius:4px}pre code{padding:0}
table{border-collapse:collapse;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.25rem .9rem .25rem 0;
border-bottom:1px solid var(--faint)}th{font-weight:600}.wide{overflow-x:auto;max-width:100%}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem 1.6rem}
.plots>figure{margin:0;min-width:0;break-inside:avoid}figure>h3{margin-top:.4rem}
svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font-size:12px;font-family:inherit}
svg .tick{fill:var(--muted);font-size:11px}svg .letter{font-weight:700}
svg .cross{fill:var(--bad);font-size:17px;font-weight:700}
svg .band{fill-opacity:.16}svg .box{fill:var(--code);stroke:var(--muted)}
svg .cell{font-size:11.5px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
svg .dots circle{stroke:var(--page);stroke-width:.7px}
svg .signs text{fill:currentcolor;font-size:10px;stroke:var(--page);stroke-width:2px;paint-order:stroke}
.cells+td{white-space:nowrap}
.images{display:flex;flex-wrap:wrap;gap:.7rem}.images figure{margin:0}
.images img{display:block;image-rendering:pixelated}
.scale{height:.7rem;width:9rem;vertical-align:middle}.passage{white-space:pre-wrap;padding:.5rem}
.cells i{display:inline-block;width:.7rem;height:.7rem;line-height:.7rem;margin:0 1px;font-style:normal}
.cells .dead{background:#18181c;color:#e23c3c;font-size:.7rem;text-align:center;font-weight:700}
.claim{margin:.7rem 0;break-inside:avoid}.claim p{margin:.15rem 0}
@page{margin:14mm}
@media print{body{max-width:none;padding:0;font-size:10.5pt}h1,h2,h3,.legend,thead{break-after:avoid}
p,li{orphans:3;widows:3}pre{white-space:pre-wrap}tr,.question,.images figure,.passage{break-inside:avoid}
.plots{grid-template-columns:1fr 1fr;gap:.6rem 1.2rem}.plots>figure:only-child{grid-column:1/-1;max-width:34rem}
.wide{overflow:visible}table{font-size:.8em}th,td{padding-right:.5rem}.text,.idea,.question{max-width:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def page(title: str, inside: str) -> str:
    """The whole document. Nothing can be fetched and no script can run, whatever is in it: its policy forbids it."""
    look = (
        f":root{{color-scheme:light dark;{_GROUND};{palette('light')}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK_GROUND};{palette('dark')}}}}}{_LOOK}"
    )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{look}</style></head>\n<body>\n{inside}\n</body></html>\n"
    )
