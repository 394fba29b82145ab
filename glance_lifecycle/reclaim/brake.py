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

"""How much one run may take or remove, whatever a plan says."""

from collections.abc import Iterable

from glance_lifecycle.reclaim import plan as plans


class Brake:
    """:param stores: with the bytes that they held when the plan was made"""

    def __init__(self, stores: Iterable[plans.Store], most: int,
                 percent: float) -> None:
        self._objects = most
        self._percent = percent
        self._hundredths = {one.name: one.held * percent for one in stores}
        self._most = most

    def against(self, step: plans.Step) -> str:
        """Why it is for the next run; empty for not."""
        if self._objects < 1:
            return ('One run takes no more than %d objects.' % self._most)
        if step.held * 100 > self._hundredths.get(step.store, 0.0):
            return ('One run takes no more than %g percent of the bytes of '
                    'a store.' % self._percent)
        return ''

    def count(self, step: plans.Step) -> None:
        self._objects -= 1
        self._hundredths[step.store] -= step.held * 100
