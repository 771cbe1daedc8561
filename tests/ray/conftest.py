"""A cluster of two nodes on this machine, started once for all tests here: it takes as long as a hundred others."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator

import pytest

from cldi_core.features import ray_cluster


@pytest.fixture(scope="session")
def nodes() -> Iterator[str]:
    """The address of a cluster of two nodes, with room for one actor each."""
    if not importlib.util.find_spec("ray"):
        pytest.skip("Ray is an optional extra")
    for name, value in ray_cluster.QUIET.items():
        os.environ.setdefault(name, value)
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    try:
        cluster.add_node(**node)
        yield cluster.address
    finally:
        cluster.shutdown()
