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

"""What the worker is told beside glance-api.conf.

It reads glance-lifecycle-worker.conf after the files of glance-api, so that
what stands in it counts.
"""

from typing import Any

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

NAME = 'glance-lifecycle-worker.conf'


def there(host: hosts.Host) -> bool:
    """Whether a host has a file of the worker's own."""
    return bool(_settings(host))


def place(host: hosts.Host) -> finding.Place:
    """That file."""
    return finding.Place(str(host.directory.path / NAME))


def setting(host: hosts.Host, section: str, name: str) -> ini.Setting | None:
    """Where the value that counts for the worker stands."""
    own = [one for one in _settings(host)
           if (one.section, one.name) == (section, name)]
    return own[-1] if own else host.setting(section, name)


def value(host: hosts.Host, section: str, name: str) -> Any:
    """It, converted.

    :raises Hidden: a report has taken it away
    """
    option = host.catalogue.option(section, name)
    found = setting(host, section, name)
    if found is None or option is None:
        return host.value(section, name)
    if masking.hidden(found.value):
        raise hosts.Hidden
    try:
        return option.convert(host.substituted(found.value, option.group))
    except ValueError:
        return None


def parsed(host: hosts.Host) -> ini.Parsed:
    """What stands in it; nothing where it cannot be read."""
    path = host.directory.path / NAME
    try:
        text = reading.text(path, host.directory.root or host.directory.path)
    except (FileNotFoundError, reading.Unreadable):
        return ini.Parsed()
    return ini.parse(text, str(path))


def _settings(host: hosts.Host) -> list[ini.Setting]:
    return parsed(host).settings
