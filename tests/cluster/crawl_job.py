"""A crawl on a cluster of its own with two workers, as a process that tests kill.

Usage: crawl_job.py FOLDER JSON, with further keywords. Prints the processes of the workers, then
the report.
"""

from __future__ import annotations

import json
import sys

import attrs
from distributed import Client, LocalCluster

from scenario_search.dask import crawl_to_parquet


def main() -> None:
    folder, keywords = sys.argv[1], json.loads(sys.argv[2])
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        workers = client.run(_process)
        print(json.dumps(sorted(workers.values())), flush=True)
        report = crawl_to_parquet(folder, cluster=client, public=True, **keywords)
        print(json.dumps(attrs.asdict(report)), flush=True)


def _process() -> int:
    import os

    return os.getpid()


if __name__ == "__main__":
    main()
