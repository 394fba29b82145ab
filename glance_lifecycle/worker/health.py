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

"""Whether the worker is well: named checks, for people and for systemd."""

from collections.abc import Callable
import dataclasses
import threading

from oslo_log import log as logging

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class _Check:
    name: str
    ask: Callable[[], str]
    vital: bool


class Health:
    """Checks of one worker; all methods may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checks: dict[str, _Check] = {}

    def add(self, name: str, check: Callable[[], str], *,
            vital: bool = False) -> None:
        """Have one more check; one of the same name takes the other's place.

        :param check: answers at once, from memory: '' if all is well, else a
            sentence that says why not, without any secret
        :param vital: without that, only a new start of the process helps. A
            database or a store that is away is not vital
        """
        with self._lock:
            self._checks[name] = _Check(name, check, vital)

    def not_ready(self) -> list[str]:
        """One line for each check that fails: the name, and why."""
        return self._failing(vital_only=False)

    def not_alive(self) -> list[str]:
        """The same of the vital ones."""
        return self._failing(vital_only=True)

    def _failing(self, *, vital_only: bool) -> list[str]:
        with self._lock:
            checks = list(self._checks.values())
        found = ((check.name, _ask(check)) for check in checks
                 if check.vital or not vital_only)
        # What an error says may have several lines.
        return [f'{name}: {" ".join(text.split())}'
                for name, text in found if text]


def _ask(check: _Check) -> str:
    try:
        return check.ask()
    except Exception as error:
        # The error may hold a URL with its password: only to the log.
        LOG.exception('Check %s failed in an unexpected way.', check.name)
        return '%s; see the log of the worker.' % type(error).__name__
