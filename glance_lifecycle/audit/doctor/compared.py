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

"""Several hosts, one beside the other."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
from typing import Any

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking

# Of hosts, in one sentence.
_MOST_NAMED = 5

Groups = dict[Hashable, list[hosts.Host]]


def differing(found: Sequence[hosts.Host], ask: Callable[[hosts.Host], Any]
              ) -> Groups | None:
    """What they answer -> who does; None if all say the same.

    Whose answer was taken away by a report is left out.
    """
    groups: Groups = {}
    for host in found:
        try:
            answer = ask(host)
        except hosts.Hidden:
            continue
        groups.setdefault(_hashable(answer), []).append(host)
    return groups if len(groups) > 1 else None


def names(found: Sequence[hosts.Host]) -> str:
    """Of these hosts, in a sentence."""
    shown = [masking.name(host.name) for host in found[:_MOST_NAMED]]
    more = len(found) - len(shown)
    return ', '.join(shown) + (' and %d more' % more if more else '')


def fewest(groups: Groups) -> list[hosts.Host]:
    """Those that are not as most are."""
    most = max(groups.values(), key=len)
    return [host for group in groups.values() if group is not most
            for host in group]


def _hashable(answer: Any) -> Hashable:
    if isinstance(answer, dict):
        return tuple(sorted(answer.items()))
    return tuple(answer) if isinstance(answer, list) else answer
