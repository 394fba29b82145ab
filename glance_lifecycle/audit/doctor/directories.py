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

"""The directories that glance-api writes images to, and who it is."""

from collections.abc import Iterator
import dataclasses
import os.path

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit.doctor import uwsgi

_DATADIR = 'filesystem_store_datadir'
_MOST = 100


@dataclasses.dataclass(frozen=True)
class Directory:
    """One that an option names.

    :ivar store: empty for that of staging
    """

    path: str
    section: str
    name: str
    setting: ini.Setting | None
    store: str = ''

    @property
    def full_name(self) -> str:
        return '[%s] %s' % (self.section, self.name)


def staging(host: hosts.Host) -> Directory | None:
    """Where images are staged; None if nothing is.

    :raises Hidden: a report has taken it away
    """
    if host.value('DEFAULT', 'enabled_import_methods') == []:
        return None
    section, name = ((options.STAGING, _DATADIR) if host.multi_store
                     else ('DEFAULT', 'node_staging_uri'))
    value = (host.value(section, name) or '').removeprefix('file://')
    if not value.startswith('/'):
        return None
    return Directory(os.path.normpath(value), section, name,
                     host.setting(section, name))


def staging_of_old(host: hosts.Host) -> str:
    """The path in ``node_staging_uri``; empty if none can be shown."""
    setting = host.setting('DEFAULT', 'node_staging_uri')
    value = setting.value.removeprefix('file://') if setting else ''
    if not value.startswith('/') or '$' in value or masking.hidden(value) or (
            masking.value(value) != value):
        return ''
    return os.path.normpath(value)


def stores(host: hosts.Host) -> Iterator[Directory]:
    """Those of the file stores.

    :raises Hidden: a report has taken one away
    """
    yield from _of(host, list(host.stores.items()))


def places(host: hosts.Host) -> Iterator[Directory]:
    """Those of the file stores, also of the single store of old.

    There, "file" may be enabled and never be used: this tells what would be
    overwritten, and not what is written to.

    :raises Hidden: a report has taken one away
    """
    yield from _of(host, host.places)


def _of(host: hosts.Host, stores: list[tuple[str, str]]
        ) -> Iterator[Directory]:
    for store, driver in stores:
        if driver != 'file':
            continue
        several = host.value(store, _DATADIR + 's') or []
        name = _DATADIR + 's' if several else _DATADIR
        for value in several[:_MOST] or [host.value(store, _DATADIR) or '']:
            # With its priority, as PATH:100.
            path, _, priority = value.rpartition(':')
            path = path if several and priority.isdecimal() else value
            if path.startswith('/'):
                yield Directory(os.path.normpath(path), store, name,
                                host.setting(store, name),
                                store if host.multi_store else driver)


def user(host: hosts.Host) -> str:
    """That glance-api runs as; empty if it is not known.

    :raises Hidden: a report has taken it away
    """
    for told in uwsgi.of(host):
        if told.word('uid'):
            return told.word('uid')
    for unit in units.of(host):
        if unit.value('User'):
            return unit.value('User')
    return host.here.user if host.here else ''
