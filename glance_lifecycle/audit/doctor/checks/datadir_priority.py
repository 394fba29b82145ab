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


"""GLC233"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir =\n'
         'filesystem_store_datadirs = %s\n')


class DatadirPriority(check.Check):
    """What stands behind a directory of a file store is no priority.

    In ``filesystem_store_datadirs``, what is behind the last colon is a
    number: new images go to the directory with the greatest, of those that
    have room. With another word, glance_store logs an error, and the store
    takes no images.

    Write PATH:NUMBER, or the path alone, which is 0.
    """

    code = 'GLC233'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % '/srv/a:high'},
           {'glance-api.conf': _CONF % ':100'})
    good = ({'glance-api.conf': _CONF % '/srv/a:200'
             + 'filesystem_store_datadirs = /srv/b\n'
             'filesystem_store_datadirs = /srv/c:\n'
             'filesystem_store_datadirs = /srv/d: -1\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        name = 'filesystem_store_datadirs'
        for store, driver in host.stores.items():
            values = host.value(store, name) if driver == 'file' else None
            for value in map(str, values or ()):
                path, _, priority = value.rpartition(':')
                path, priority = (path, priority.strip()) if (
                    ':' in value) else (value, '')
                if path.strip() and _number(priority):
                    continue
                shown = masking.value(path.strip())
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    'Behind %s stands "%s", which is no number.' % (
                        shown, masking.value(priority)) if path.strip()
                    else 'A line of %s has no directory.' % name,
                    'Write %s = %s:NUMBER in [%s].' % (
                        name, shown or 'DIRECTORY', masking.name(store)),
                    host.setting(store, name))


def _number(text: str) -> bool:
    if not text:
        return True
    try:
        int(text)
    except ValueError:
        return False
    return True
