"""The style of what is shown in notebooks: one sheet, whose every rule stays inside its root.

Colours are those of the page around, and greys that are seen on light and dark alike. What the
system prefers says nothing about the page.
"""

from __future__ import annotations

__all__ = ["ROOT", "STYLE"]

ROOT = "scenario-search"
"""The class of the element around everything that is shown."""

_WELL = "rgba(128,128,128,.14)"
_LINE = "rgba(128,128,128,.35)"
_QUIET = ".72"

STYLE = f"""
.{ROOT}{{color:inherit;font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,Inter,\
"Liberation Sans",sans-serif;text-align:left;max-width:1400px;padding:2px}}
.{ROOT} *{{box-sizing:border-box}}
.{ROOT} a,.{ROOT} a:link,.{ROOT} a:visited{{color:inherit;text-decoration:none}}
.{ROOT} a:hover{{text-decoration:underline}}
.{ROOT} .ss-head{{display:flex;flex-wrap:wrap;align-items:center;gap:6px 8px;margin:4px 0 14px}}
.{ROOT} .ss-total{{font-weight:600;font-size:15px;margin-right:6px}}
.{ROOT} .ss-asked{{background:{_WELL};border-radius:6px;padding:3px 9px;overflow-wrap:anywhere}}
.{ROOT} .ss-what{{opacity:{_QUIET}}}
.{ROOT} .ss-code{{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;\
font-size:12px}}
.{ROOT} .ss-rows{{display:flex;flex-wrap:wrap;gap:20px 14px}}
.{ROOT} .ss-rows::after{{content:"";flex:1000 1 0}}
.{ROOT} .ss-rows>.ss-card{{flex:var(--ss-ratio) 1 calc(var(--ss-ratio)*180px);\
max-width:calc(var(--ss-ratio)*300px)}}
.{ROOT} .ss-rows .ss-view{{aspect-ratio:var(--ss-ratio)}}
.{ROOT} .ss-grid{{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:16px}}
.{ROOT} .ss-grid>.ss-card{{border:1px solid {_LINE};border-radius:12px;overflow:hidden}}
.{ROOT} .ss-grid .ss-view{{aspect-ratio:16/10;border-radius:0}}
.{ROOT} .ss-grid .ss-words{{padding:10px 12px 12px}}
.{ROOT} .ss-card{{min-width:0;position:relative}}
.{ROOT} .ss-view{{position:relative;display:flex;overflow:hidden;background:{_WELL};\
border-radius:10px}}
.{ROOT} .ss-view>a{{display:flex;flex:1;min-width:0}}
.{ROOT} .ss-view img,.{ROOT} .ss-view video{{display:block;width:100%;height:100%;margin:0;\
max-width:none;object-fit:cover;background:none}}
.{ROOT} .ss-view audio{{position:absolute;left:8px;right:8px;bottom:8px;\
width:calc(100% - 16px);height:34px}}
.{ROOT} .ss-none{{flex:1;display:flex;align-items:center;justify-content:center;\
opacity:{_QUIET};font-size:12px;padding:8px;text-align:center}}
.{ROOT} .ss-text{{flex:1;margin:0;padding:36px 14px 12px;overflow:hidden;overflow-wrap:anywhere;\
font-style:italic}}
.{ROOT} .ss-kind{{position:absolute;top:8px;left:8px;background:rgba(16,17,24,.72);color:#fff;\
border-radius:5px;padding:1px 7px;font-size:11px;font-weight:600;letter-spacing:.02em;\
pointer-events:none}}
.{ROOT} .ss-words{{padding:7px 2px 0}}
.{ROOT} .ss-name,.{ROOT} .ss-facts{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.{ROOT} .ss-name{{font-weight:600}}
.{ROOT} .ss-facts{{opacity:{_QUIET};font-size:12px}}
.{ROOT} .ss-about{{font-size:12px;margin:4px 0;display:-webkit-box;-webkit-line-clamp:2;\
-webkit-box-orient:vertical;overflow:hidden}}
.{ROOT} .ss-tags{{display:flex;flex-wrap:wrap;gap:4px;height:21px;margin-top:4px;overflow:hidden}}
.{ROOT} .ss-tag{{background:{_WELL};border-radius:5px;padding:1px 7px;font-size:11px;\
line-height:19px;max-width:100%;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.{ROOT} .ss-more{{opacity:{_QUIET};margin-top:14px;overflow-wrap:anywhere}}
.{ROOT} .ss-one{{display:flex;flex-wrap:wrap;gap:20px;border:1px solid {_LINE};\
border-radius:14px;padding:16px}}
.{ROOT} .ss-one>.ss-view{{flex:0 1 360px;min-width:220px;align-self:flex-start;\
aspect-ratio:var(--ss-ratio)}}
.{ROOT} .ss-side{{flex:1 1 300px;min-width:0}}
.{ROOT} .ss-title{{font-size:17px;font-weight:600;margin-bottom:8px;overflow-wrap:anywhere}}
.{ROOT} .ss-fact{{display:flex;gap:12px;margin:3px 0}}
.{ROOT} .ss-fact>.ss-what{{flex:0 0 76px}}
.{ROOT} .ss-fact>.ss-value{{min-width:0;overflow-wrap:anywhere}}
.{ROOT} .ss-side .ss-tags{{height:auto;margin-top:10px}}
.{ROOT} .ss-pair{{display:flex;gap:2px;flex:1;min-width:0}}
.{ROOT} .ss-pair>*{{flex:1;min-width:0;display:flex}}
""".strip()
