"""A page that searches as you type, and the service behind it.

    python docs/examples/search_service.py --demo

Then open http://127.0.0.1:8000. It needs ``pip install fastapi uvicorn``.
Without ``--demo`` it takes the credentials from the environment and searches the real service.

Each letter would be a search that counts against the quota, so the page waits until the typing
rests, gives up the search before, and the service remembers answers for a minute.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from scenario_search import (
    APIError,
    AsyncScenario,
    ConfigurationError,
    F,
    RateLimitError,
    SearchAssetSearchResponse,
)

REMEMBERED_SECONDS = 60
REMEMBERED_MOST = 500

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Search</title>
<style>
  :root { color-scheme: light dark; --ground: light-dark(#f6f5fb, #14131a);
          --card: light-dark(#fff, #201f29); --ink: light-dark(#1e1b2e, #e9e7f3);
          --faint: light-dark(#6d6a80, #9c98b0); --accent: light-dark(#6246ea, #a393ff) }
  body { margin: 0 auto; padding: 0 1.25rem 3rem; max-width: 68rem; font: 16px/1.4 system-ui;
         background: var(--ground); color: var(--ink) }
  header { position: sticky; top: 0; padding: 1.5rem 0 .75rem; background: var(--ground) }
  input { width: 100%; box-sizing: border-box; padding: .8rem 1.2rem; border-radius: 2rem;
          border: 2px solid transparent; background: var(--card); color: inherit;
          font: inherit; font-size: 1.15rem; box-shadow: 0 .2rem 1rem #0001 }
  input:focus { outline: none; border-color: var(--accent) }
  p { margin: .75rem 1.2rem 0; color: var(--faint) }
  a { color: var(--accent); text-decoration: none }
  ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem;
       list-style: none; margin: .5rem 0; padding: 0 }
  li a { display: block; height: 100%; overflow: hidden; border-radius: .8rem; color: inherit;
         background: var(--card); box-shadow: 0 .1rem .5rem #0002; transition: transform .15s }
  li a:hover, li a:focus-visible { transform: translateY(-.2rem) scale(1.02) }
  img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; font-size: 0;
        background: linear-gradient(135deg, #8884, #8881) }
  span { display: block; margin: .5rem .75rem; line-height: 1.25 }
  small { display: block; color: var(--faint) }
</style>
<header>
  <input id="words" type="search" placeholder="What are you looking for?" aria-label="Search"
         autocomplete="off" autofocus>
  <p id="told" role="status"></p>
</header>
<p id="tries">Try <a href="?q=castle">castle</a>, <a href="?q=dragon">dragon</a>,
  <a href="?q=spaceship">spaceship</a> or <a href="?q=forest">forest</a>.</p>
<ul id="hits"></ul>
<script>
  const [words, told, tries, hits] = ["words", "told", "tries", "hits"]
    .map(id => document.getElementById(id));
  let rest, search = new AbortController();

  function make(name, attributes, ...inside) {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...inside);
    return made;
  }

  function card(hit) {
    const picture = make("img", {src: hit.picture, alt: hit.name, loading: "lazy"});
    const link = make("a", {target: "_blank", rel: "noopener"}, picture,
      make("span", {}, hit.name, make("small", {}, hit.size)));
    if (/^https?:/.test(hit.url)) link.href = hit.url;
    return make("li", {}, link);
  }

  async function ask(text) {
    search.abort();
    search = new AbortController();
    tries.hidden = Boolean(text);
    history.replaceState(null, "", text ? "?q=" + encodeURIComponent(text) : location.pathname);
    if (!text) { hits.replaceChildren(); told.textContent = ""; return; }
    try {
      const answer = await fetch("/search?q=" + encodeURIComponent(text), {signal: search.signal});
      const found = await answer.json();
      if (!answer.ok) { told.textContent = found.detail; return; }
      told.textContent = (found.total || "Nothing") + " found";
      hits.replaceChildren(...found.hits.map(card));
    } catch (error) {
      if (error.name !== "AbortError") told.textContent = "The search is not available";
    }
  }
  words.addEventListener("input", () => {
    clearTimeout(rest);
    rest = setTimeout(ask, 150, words.value.trim());
  });
  words.value = new URLSearchParams(location.search).get("q") ?? "";
  ask(words.value.trim());
</script>
"""


def card(hit: SearchAssetSearchResponse) -> dict[str, str]:
    """Give what the page shows of a hit."""
    width, height = hit.metadata.width, hit.metadata.height
    return {
        "name": hit.metadata.name or "",
        "size": f"{width} \u00d7 {height}" if width and height else "",
        "picture": hit.thumbnail.url if hit.thumbnail else hit.url,
        "url": hit.url,
    }


def make_app(make_client: Callable[[], AsyncScenario]) -> FastAPI:
    """Give the service; it makes its client when it starts, and closes it when it ends."""
    remembered: dict[str, tuple[float, dict[str, Any]]] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with make_client() as client:
            app.state.scenario = client.with_options(timeout=5, deadline=8, max_retries=1)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return PAGE

    @app.get("/search")
    async def search(request: Request, q: str) -> dict[str, Any]:
        words = " ".join(q.lower().split())[:200]
        if not words:
            return {"total": 0, "hits": []}
        expires, answer = remembered.get(words, (0.0, {}))
        if time.monotonic() < expires:
            return answer
        client: AsyncScenario = request.app.state.scenario
        try:
            found = await client.search.asset_search(
                query=words, filter=F.kind == "image", page=1, hits_per_page=24
            )
        except RateLimitError as error:
            wait = {"Retry-After": str(math.ceil(error.retry_after or 1))}
            raise HTTPException(429, "Searched too often, wait a moment", wait) from error
        except APIError as error:
            raise HTTPException(502, "The search is not available") from error
        answer = {"total": found.total_hits, "hits": [card(hit) for hit in found.hits]}
        remembered.pop(words, None)
        remembered[words] = (time.monotonic() + REMEMBERED_SECONDS, answer)
        if len(remembered) > REMEMBERED_MOST:
            del remembered[next(iter(remembered))]
        return answer

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description="A page that searches as you type.")
    parser.add_argument("--demo", action="store_true", help="search the embedded emulator")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        client = AsyncScenario.demo() if arguments.demo else AsyncScenario()
    except ConfigurationError as error:
        parser.error(str(error))
    uvicorn.run(make_app(lambda: client), host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    main()
