"""The style of what is shown in notebooks: one sheet, whose every rule stays inside its root."""

from __future__ import annotations

__all__ = ["ROOT", "STYLE"]

ROOT = "scenario-search"
"""The class of the element around everything that is shown."""

# Colours follow the notebook where it tells them (JupyterLab, VS Code); else the page around
# (Colab, Sphinx' furo), else the system.
_LIGHT = {
    "text": ("--jp-content-font-color0", "--vscode-editor-foreground", "#1c1e26"),
    "quiet": ("--jp-content-font-color2", "--vscode-descriptionForeground", "#667085"),
    "card": ("--jp-layout-color1", "--vscode-editorWidget-background", "#ffffff"),
    "well": ("--jp-layout-color2", "--vscode-textCodeBlock-background", "#f1f2f6"),
    "line": ("--jp-border-color2", "--vscode-panel-border", "#e2e4eb"),
    "link": ("--jp-content-link-color", "--vscode-textLink-foreground", "#5b3df5"),
}
_DARK = {
    "text": "#eceef4",
    "quiet": "#9aa1b2",
    "card": "#1d1f28",
    "well": "#282b37",
    "line": "#323644",
    "link": "#a99bff",
}


def _colours(*, dark: bool) -> str:
    return ";".join(
        f"--ss-{name}:var({jupyter},var({code},{_DARK[name] if dark else light}))"
        for name, (jupyter, code, light) in _LIGHT.items()
    )


STYLE = f"""
.{ROOT}{{{_colours(dark=False)}}}
@media (prefers-color-scheme:dark){{.{ROOT}{{{_colours(dark=True)}}}}}
[data-theme=light] .{ROOT},[theme=light] .{ROOT}{{{_colours(dark=False)}}}
[data-theme=dark] .{ROOT},[theme=dark] .{ROOT}{{{_colours(dark=True)}}}
.{ROOT}{{color:var(--ss-text);font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,Inter,\
"Liberation Sans",sans-serif;text-align:left;max-width:1400px;padding:2px}}
.{ROOT} *{{box-sizing:border-box}}
.{ROOT} a{{color:inherit;text-decoration:none}}
.{ROOT} a:hover{{color:var(--ss-link)}}
.{ROOT} .ss-head{{display:flex;flex-wrap:wrap;align-items:center;gap:6px 8px;margin:4px 0 14px}}
.{ROOT} .ss-total{{font-weight:600;font-size:15px;margin-right:6px}}
.{ROOT} .ss-asked{{background:var(--ss-well);border-radius:6px;padding:3px 9px;\
overflow-wrap:anywhere}}
.{ROOT} .ss-what{{color:var(--ss-quiet);margin-right:6px}}
.{ROOT} .ss-code{{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;\
font-size:12px}}
.{ROOT} .ss-rows{{display:flex;flex-wrap:wrap;gap:20px 14px}}
.{ROOT} .ss-rows::after{{content:"";flex:1000 1 0}}
.{ROOT} .ss-rows>.ss-card{{flex:var(--ss-ratio) 1 calc(var(--ss-ratio)*180px);\
max-width:calc(var(--ss-ratio)*300px)}}
.{ROOT} .ss-rows .ss-view{{aspect-ratio:var(--ss-ratio)}}
.{ROOT} .ss-grid{{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:16px}}
.{ROOT} .ss-grid>.ss-card{{background:var(--ss-card);border:1px solid var(--ss-line);\
border-radius:12px;overflow:hidden}}
.{ROOT} .ss-grid .ss-view{{aspect-ratio:16/10;border-radius:0}}
.{ROOT} .ss-grid .ss-words{{padding:10px 12px 12px}}
.{ROOT} .ss-card{{min-width:0;position:relative}}
.{ROOT} .ss-view{{position:relative;display:flex;overflow:hidden;background:var(--ss-well);\
border-radius:10px}}
.{ROOT} .ss-view>a{{display:flex;flex:1;min-width:0}}
.{ROOT} .ss-view img,.{ROOT} .ss-view video{{display:block;width:100%;height:100%;margin:0;\
max-width:none;object-fit:cover;background:none}}
.{ROOT} .ss-view audio{{position:absolute;left:8px;right:8px;bottom:8px;\
width:calc(100% - 16px);height:34px}}
.{ROOT} .ss-none{{flex:1;display:flex;align-items:center;justify-content:center;\
color:var(--ss-quiet);font-size:12px;padding:8px;text-align:center}}
.{ROOT} .ss-text{{flex:1;margin:0;padding:36px 14px 12px;overflow:hidden;overflow-wrap:anywhere;\
font-style:italic}}
.{ROOT} .ss-kind{{position:absolute;top:8px;left:8px;background:rgba(16,17,24,.72);color:#fff;\
border-radius:5px;padding:1px 7px;font-size:11px;font-weight:600;letter-spacing:.02em;\
pointer-events:none}}
.{ROOT} .ss-unsafe .ss-view img,.{ROOT} .ss-unsafe .ss-view video{{filter:blur(18px)}}
.{ROOT} .ss-unsafe:hover .ss-view img,.{ROOT} .ss-unsafe:hover .ss-view video,\
.{ROOT} .ss-unsafe:focus-within .ss-view img,.{ROOT} .ss-unsafe:focus-within .ss-view video\
{{filter:none}}
.{ROOT} .ss-words{{padding:7px 2px 0}}
.{ROOT} .ss-name,.{ROOT} .ss-facts,.{ROOT} .ss-tags{{white-space:nowrap;overflow:hidden;\
text-overflow:ellipsis}}
.{ROOT} .ss-name{{font-weight:600}}
.{ROOT} .ss-facts{{color:var(--ss-quiet);font-size:12px}}
.{ROOT} .ss-about{{font-size:12px;margin:4px 0;display:-webkit-box;-webkit-line-clamp:2;\
-webkit-box-orient:vertical;overflow:hidden}}
.{ROOT} .ss-tags{{display:flex;flex-wrap:wrap;gap:4px;height:21px;margin-top:4px}}
.{ROOT} .ss-tag{{background:var(--ss-well);border-radius:5px;padding:1px 7px;font-size:11px;\
line-height:19px;max-width:100%;overflow:hidden;text-overflow:ellipsis}}
.{ROOT} .ss-more{{color:var(--ss-quiet);margin-top:14px}}
.{ROOT} .ss-one{{display:flex;flex-wrap:wrap;gap:20px;background:var(--ss-card);\
border:1px solid var(--ss-line);border-radius:14px;padding:16px}}
.{ROOT} .ss-one>.ss-view{{flex:0 1 360px;min-width:220px;align-self:flex-start;\
aspect-ratio:var(--ss-ratio)}}
.{ROOT} .ss-side{{flex:1 1 300px;min-width:0}}
.{ROOT} .ss-title{{font-size:17px;font-weight:600;margin-bottom:8px;overflow-wrap:anywhere}}
.{ROOT} .ss-fact{{display:flex;gap:12px;margin:3px 0}}
.{ROOT} .ss-fact>.ss-what{{flex:0 0 76px;margin:0}}
.{ROOT} .ss-fact>.ss-value{{min-width:0;overflow-wrap:anywhere}}
.{ROOT} .ss-side .ss-tags{{height:auto;margin-top:10px}}
.{ROOT} .ss-pair{{display:flex;gap:2px;flex:1;min-width:0}}
.{ROOT} .ss-pair>*{{flex:1;min-width:0;display:flex}}
""".strip()
