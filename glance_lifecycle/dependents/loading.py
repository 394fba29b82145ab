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

"""The providers of the entry points ``glance_lifecycle.dependents``."""

from collections.abc import Iterator
from collections.abc import Sequence
import logging
from typing import Any

import stevedore

from glance_lifecycle.dependents import base
from glance_lifecycle import exceptions

LOG = logging.getLogger(__name__)
NAMESPACE = 'glance_lifecycle.dependents'


class Unloadable(base.Provider):
    """Stands for one that cannot be loaded: it is not to be overlooked."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(None, base.Settings())
        self.name = name  # type: ignore[misc]
        self._why = why

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        raise base.NotAsked(detail=self._why)

    def used(self) -> Iterator[str]:
        raise base.NotAsked(detail=self._why)


def providers(names: Sequence[str], connection: Any,
              settings: base.Settings) -> list[base.Provider]:
    """One for each name, in that order."""
    failed: dict[str, str] = {}

    def note(_manager: Any, entry: Any, error: BaseException) -> None:
        LOG.warning('Dependents %s cannot be loaded: %s', entry.name,
                    exceptions.sentence(str(error)))
        failed[entry.name] = _why(error)

    found: Any = stevedore.NamedExtensionManager(
        NAMESPACE, names, on_load_failure_callback=note,
        warn_on_missing_entrypoint=False)
    loaded = {extension.name: extension.plugin for extension in found}
    return [loaded[name](connection, settings) if name in loaded
            else Unloadable(name, failed.get(
                name, 'there is no such provider of dependents installed'))
            for name in names]


def _why(error: BaseException) -> str:
    if isinstance(error, ImportError) and error.name:
        return 'the Python module %s is not installed%s' % (
            error.name, ': pip install glance-lifecycle[protection]'
            if error.name.partition('.')[0] == 'openstack' else '')
    return 'its module cannot be loaded (%s)' % type(error).__name__
