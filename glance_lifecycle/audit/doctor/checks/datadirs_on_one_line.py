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

"""GLC224"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir =\n')


class DatadirsOnOneLine(check.Check):
    """Several directories stand on one line.

    ``filesystem_store_datadirs`` has one directory on each line, and is
    written again for the next. With a comma, all of it is the name of one
    directory, which the driver makes.

    Write a line for each.
    """

    code = 'GLC224'
    severity = check.ERROR
    bad = ({'glance-api.conf': _CONF
            + 'filesystem_store_datadirs = /srv/a:200,/srv/b:100\n'},)
    good = ({'glance-api.conf': _CONF
             + 'filesystem_store_datadirs = /srv/a:200\n'
             'filesystem_store_datadirs = /srv/b,c:100\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            values = host.value(store, 'filesystem_store_datadirs') if (
                driver == 'file') else None
            for value in values or ():
                parts = [part.strip() for part in str(value).split(',')]
                if len(parts) > 1 and all(
                        part.startswith('/') for part in parts):
                    yield self.found(
                        host, 'store %s' % masking.name(store),
                        '%d directories of the store %s stand on one line.'
                        % (len(parts), masking.name(store)),
                        'Write in [%s]: %s.' % (
                            masking.name(store), ' and on the next line '
                            .join('filesystem_store_datadirs = %s'
                                  % masking.value(part)
                                  for part in parts[:10])),
                        host.setting(store, 'filesystem_store_datadirs'))
