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

"""``[image_import_opts] image_import_plugins`` of a host."""

from collections.abc import Iterable

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import near

OURS = 'lifecycle'
CONVERSION = 'image_conversion'

#: Those of Glance, 31 to 33.
STOCK = ('no_op', CONVERSION, 'image_decompression', 'inject_image_metadata')

_SECTION = 'image_import_opts'
_NAME = 'image_import_plugins'
FULL_NAME = '[%s] %s' % (_SECTION, _NAME)


def enabled(host: hosts.Host) -> list[str] | None:
    """Their names, in order; None if the value cannot be used."""
    found: list[str] | None = host.value(_SECTION, _NAME)
    return found


def meant(name: str) -> str | None:
    """The plugin that is meant by a name that is none's."""
    return near.closest(name, (*STOCK, OURS), 0.75)


def corrected(names: Iterable[str]) -> list[str]:
    """As GLC404 tells to write those that are misspelt, once each."""
    return list(dict.fromkeys(meant(name) or name for name in names))


def setting(host: hosts.Host) -> ini.Setting | None:
    """Where that stands."""
    return host.setting(_SECTION, _NAME)


def line(names: Iterable[str]) -> str:
    """The line for these."""
    return '%s = [%s]' % (_NAME, ', '.join(map(masking.name, names)))
