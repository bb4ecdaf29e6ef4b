"""A page that searches as you type, and the service behind it.

    python docs/examples/search_service.py --demo

Then open http://127.0.0.1:8000. It needs ``pip install fastapi uvicorn``.
Without ``--demo`` it takes the credentials from the environment and searches the real service.

Each letter would be a billed search, so the page waits until the typing rests, gives up the search
before, and the service remembers answers for a minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from scenario_search import APIError, AsyncScenario, ConfigurationError, F, RateLimitError

REMEMBERED_SECONDS = 60
REMEMBERED_MOST = 500

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Search</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px system-ui; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
  input { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem }
  ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem;
       list-style: none; padding: 0 }
  img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: .4rem }
</style>
<h1>Search</h1>
<input id="words" type="search" placeholder="castle, dragon, ..." aria-label="Search" autofocus>
<p id="told" role="status"></p>
<ul id="hits"></ul>
<script>
  const words = document.getElementById("words"), told = document.getElementById("told");
  const hits = document.getElementById("hits");
  let rest, search = new AbortController();

  async function ask(text) {
    search.abort();
    search = new AbortController();
    if (!text) { hits.replaceChildren(); told.textContent = ""; return; }
    try {
      const answer = await fetch("/search?q=" + encodeURIComponent(text), {signal: search.signal});
      const found = await answer.json();
      if (!answer.ok) { told.textContent = found.detail; return; }
      told.textContent = found.total + " found";
      hits.replaceChildren(...found.hits.map(hit => {
        const item = document.createElement("li"), picture = document.createElement("img");
        picture.src = hit.picture; picture.alt = hit.name; picture.loading = "lazy";
        item.append(picture, hit.name);
        return item;
      }));
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
            wait = {"Retry-After": str(int(error.retry_after or 1))}
            raise HTTPException(429, "Searched too often, wait a moment", wait) from error
        except APIError as error:
            raise HTTPException(502, "The search is not available") from error
        answer = {
            "total": found.total_hits,
            "hits": [
                {
                    "name": hit.metadata.name or "",
                    "picture": hit.thumbnail.url if hit.thumbnail else hit.url,
                }
                for hit in found.hits
            ],
        }
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
