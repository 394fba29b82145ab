# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Rows of figures: of repeated ones the median, and their cells."""

from collections.abc import Sequence
import dataclasses
from typing import Any

from benchmarks import images


def middle(rows: Sequence[Any]) -> list[Any]:
    """Of repeated measurements the one with the median wall time each."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.size, row.name), []).append(row)
    return [_median(group) for group in groups.values()]


def _median(rows: list[Any]) -> Any:
    rows = sorted(rows, key=lambda row: row.wall)
    # One wrong among good ones must not hide.
    return dataclasses.replace(
        rows[(len(rows) - 1) // 2],
        wrong='; '.join(row.wrong for row in rows if row.wrong),
        peak=max(row.peak for row in rows))


def faster(wall: float, other: float | None) -> str:
    return f'1/{other / wall:.1f}' if other and other != wall else '-'


def mib(value: float) -> str:
    return f'{value / images.MIB:.0f}'
