"""What the help of each command shows as examples. Tests run every one of them."""

from __future__ import annotations

__all__ = ["EXAMPLES", "examples_of"]

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "scenario-search assets castle --demo",
        "scenario-search COMMAND --help",
    ),
    "assets": (
        "scenario-search assets castle --public --sort createdAt:desc",
        "scenario-search assets -f 'width >= 1024 AND tags = dragon' --all --csv",
        "scenario-search assets --like a.png --unlike b.png --html likes.html",
    ),
    "models": (
        "scenario-search models anime -f 'capabilities = img2img'",
        "scenario-search models style --public --max 50 --ids",
    ),
    "workflows": ("scenario-search workflows sketch --jsonl",),
    "count assets": (
        "scenario-search count assets --public",
        "scenario-search count assets castle -f 'kind = video'",
    ),
    "count models": ("scenario-search count models -f 'tags = dragon'",),
    "count workflows": ("scenario-search count workflows sketch",),
    "crawl assets": (
        "scenario-search crawl assets --public -o all.jsonl",
        "scenario-search crawl assets --public -o all.jsonl --resume",
        "scenario-search crawl assets --public -o new.jsonl --since all.jsonl.ckpt",
    ),
    "crawl workflows": ("scenario-search crawl workflows -o workflows.jsonl",),
    "crawl models": ("scenario-search crawl models --public -o models.csv",),
    "plan assets": ("scenario-search plan assets --public --shards 16 > plan.jsonl",),
    "plan models": ("scenario-search plan models --public > plan.jsonl",),
    "plan workflows": ("scenario-search plan workflows > plan.jsonl",),
    "run": (
        "scenario-search run plan.jsonl -o pieces --line 3",
        "scenario-search run plan.jsonl -o pieces --format parquet",
    ),
    "download": (
        "scenario-search download castle --max 20 -o pictures",
        "scenario-search download --from all.jsonl -o pictures",
    ),
    "filter check": ("scenario-search filter check 'width >= 1024 AND tags = dragon'",),
    "filter fields": ("scenario-search filter fields --kind models",),
    "whoami": ("scenario-search whoami --json",),
    "doctor": ("scenario-search doctor",),
    "emulate": (
        "scenario-search emulate --demo --port 8901",
        "scenario-search emulate --data all.jsonl --db kept.db --project proj_mine",
        "scenario-search emulate --demo --host 0.0.0.0 --allow-host emulator",
    ),
    "demo": ("scenario-search demo",),
}


def examples_of(command: str) -> str:
    """Returns the end of a command's help; of a group's, the first example of each command."""
    examples = EXAMPLES.get(command) or [
        lines[0] for name, lines in EXAMPLES.items() if name.startswith(f"{command} ")
    ]
    head = "Example:" if len(examples) == 1 else "Examples:"
    return "\n".join([head, *(f"$ {line}" for line in examples)])
