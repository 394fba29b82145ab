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

"""What our plug points are called, and what is plugged in there.

Looked up in the parent only: going through all installed packages would
double the start-up time of a child.
"""

import functools
import importlib
from typing import Any

from glance_lifecycle import exceptions

INVENTORIES = 'glance_lifecycle.inventories'
QUARANTINES = 'glance_lifecycle.quarantines'
SINKS = 'glance_lifecycle.sinks'
SOURCES = 'glance_lifecycle.sources'


@functools.cache
def entry(namespace: str, name: str) -> str | None:
    """``module:class`` of an entry point, None where there is none.

    :raises ConfigurationError: it is there and cannot be loaded
    """
    def failed(_manager: Any, ep: Any, error: BaseException) -> None:
        raise exceptions.ConfigurationError(
            detail='%s of %s cannot be loaded (%s). Tell the operator.' % (
                ep.name, namespace, type(error).__name__),
            operator=str(error))

    # Late: the child, which loads what it is told, never pays for it.
    stevedore = importlib.import_module('stevedore')
    found: Any = stevedore.NamedExtensionManager(
        namespace, [name], on_load_failure_callback=failed)
    values = [str(e.entry_point.value) for e in found]
    return values[0] if values else None


def sink(driver: str) -> str:
    """``module:class`` of the sink of that name.

    :raises ConfigurationError: it is not installed (any more)
    """
    found = entry(SINKS, driver)
    if found is None:
        raise exceptions.ConfigurationError(
            detail='no sink named %s is installed. Install the package that '
            'brought it, or reinstall glance_lifecycle' % driver)
    return found
