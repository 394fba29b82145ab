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

"""GLC231"""

from collections.abc import Iterator
import stat

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = /srv/images\n'
         'filesystem_store_file_perm = %s\n')


class FilePermissions(check.Check):
    """The permissions of image files are none, or let anybody write.

    ``filesystem_store_file_perm`` is written as for chmod(1), such as 640. It
    must let the owner read, or the store takes no images.

    Write 640, or 0 to leave it to the umask of the service.
    """

    code = 'GLC231'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF % '416'},
           {'glance-api.conf': _CONF % '27'},
           {'glance-api.conf': _CONF % '666'},
           {'glance-api.conf': _CONF % '680'})
    good = ({'glance-api.conf': _CONF % '640'},
            {'glance-api.conf': _CONF % '0'},
            {'glance-api.conf': _CONF % '*********'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        name = 'filesystem_store_file_perm'
        for store, driver in host.stores.items():
            found = host.value(store, name) if driver == 'file' else 0
            problem = _problem(found) if found and found > 0 else ''
            if problem:
                yield self.found(
                    host, 'store %s' % masking.name(store), problem,
                    'Set %s = 640 in [%s].' % (name, masking.name(store)),
                    host.setting(store, name))


def _problem(number: int) -> str:
    """What is wrong with permissions that are written with these digits."""
    digits = str(number)
    if len(digits) > 4 or set(digits) - set('01234567'):
        return 'It is no number of chmod(1).'
    mode = int(digits, 8)
    if not mode & stat.S_IRUSR:
        return 'With %04o, the owner, who is the service, may not read.' % mode
    if mode & stat.S_IWOTH:
        return 'With %04o, everybody on the host may write.' % mode
    return ''
