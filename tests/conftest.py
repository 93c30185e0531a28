"""What every test shares: its folder is its marker, so `pytest -m unit` needs nothing written in the test.

Several processes (`pytest -n 2 --dist loadgroup`, as `make test` does it): the acceptance tests share one installation and one process,
since they speak on real telephones; of the others each file stays together, for the sake of its fixtures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

LAYERS = ("unit", "regression", "integration", "acceptance", "simulation")
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the layer it lies in, and run the quick layers first."""
    for item in items:
        layer = item.path.relative_to(_HERE).parts[0] if item.path.is_relative_to(_HERE) else ""
        if layer in LAYERS:
            item.add_marker(layer)
        item.add_marker(pytest.mark.xdist_group(layer if layer == "acceptance" else item.path.name))
    items.sort(key=_layer)


def _layer(item: pytest.Item) -> int:
    parts = item.path.relative_to(_HERE).parts if item.path.is_relative_to(_HERE) else ()
    return LAYERS.index(parts[0]) if parts and parts[0] in LAYERS else len(LAYERS)
