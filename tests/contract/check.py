"""Let schemathesis try the emulator by its own OpenAPI document: ``python -m nox -s contract``.

It makes up requests, good and bad, and looks at every answer: no 500, no status, media type or
body that the document does not describe. Whether a request it takes for good is accepted is not
asked: the filter language and the two pagination modes do not fit into JSON Schema.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

from scenario_search.emulator import Emulator


def main() -> int:
    """Run schemathesis with the options given, against a demo emulator."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    with Emulator.demo() as emulator:
        origin = emulator.url.removesuffix("/v1")
        pair = f"{emulator.api_key}:{emulator.api_secret}".encode()
        return subprocess.run(
            [
                schemathesis,
                "run",
                f"{origin}/openapi.json",
                "--header",
                f"Authorization: Basic {base64.b64encode(pair).decode()}",
                "--exclude-checks",
                "positive_data_acceptance",
                "--generation-database",
                "none",
                *sys.argv[1:],
            ],
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
