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

"""Findings and differences counted, and the first of them kept."""

import collections
import heapq

from glance_lifecycle.audit import drift as drifts
from glance_lifecycle.audit import finding
from glance_lifecycle.reporting import model


class Findings:
    """How many there are, and the worst of them.

    :ivar count: code, severity -> how many
    """

    def __init__(self, most: int = model.MOST_ROWS) -> None:
        self.count: collections.Counter[tuple[str, finding.Severity]] = (
            collections.Counter())
        self._most = most
        self._worst: list[tuple[int, int, finding.Finding]] = []
        self._number = 0

    def add(self, one: finding.Finding) -> None:
        self.count[one.code, one.severity] += 1
        # The first of those that are as bad.
        self._number += 1
        heapq.heappush(self._worst, (
            -one.severity.rank, -self._number, one))
        if len(self._worst) > self._most:
            heapq.heappop(self._worst)

    @property
    def worst(self) -> list[finding.Finding]:
        return [one for *_, one in sorted(self._worst, reverse=True)]

    def of(self, severity: finding.Severity) -> int:
        return sum(number for (_code, each), number in self.count.items()
                   if each is severity)

    @property
    def total(self) -> int:
        return self.count.total()


class Drift:
    """Where images differ from their policy.

    :ivar images: how many do
    :ivar fields: section, field -> how many
    :ivar rules: rule -> how many
    :ivar first: some of them
    """

    def __init__(self, most: int = model.MOST_ROWS) -> None:
        self.total = self.images = 0
        self.fields: collections.Counter[tuple[str, str]] = (
            collections.Counter())
        self.rules: collections.Counter[str] = collections.Counter()
        self.first: list[drifts.Drifted] = []
        self._most = most
        self._last = ''

    def add(self, one: drifts.Drifted) -> None:
        """Those of one image come one after another."""
        self.total += 1
        self.images += one.image_id != self._last
        self._last = one.image_id
        self.fields[one.drift.section, one.drift.field] += 1
        self.rules[one.drift.rule] += 1
        if len(self.first) < self._most:
            self.first.append(one)
