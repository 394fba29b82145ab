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

"""GLC507"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class SqliteOnSeveral(check.Check):
    """Several hosts have each a database of their own.

    SQLite is a file of one host. What one glance-api knows of an image, the
    next one does not; and nobody notices before images are missing.

    Set ``[database] connection`` to the same server on every host.
    """

    code = 'GLC507'
    severity = check.ERROR
    bad = ({'a/glance-api.conf': '[database]\n'
            'connection = sqlite:////var/lib/glance/glance.sqlite\n',
            'b/glance-api.conf': '[database]\n'
            'connection = sqlite:////var/lib/glance/glance.sqlite\n'},)
    good = (
        {'a/glance-api.conf': '[database]\n'
         'connection = mysql+pymysql://h/glance\n',
         'b/glance-api.conf': '[database]\n'
         'connection = mysql+pymysql://h/glance\n'},
        {'glance-api.conf': '[database]\nconnection = sqlite:////x\n'},
    )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        some = [host for host in found
                if (setting := host.setting('database', 'connection'))
                and setting.value.startswith('sqlite')]
        if len(found) > 1 and some:
            yield self.found(
                some, '[database] connection',
                'The database of %s is SQLite, and there are %d hosts.' % (
                    compared.names(some), len(found)),
                'Set connection in [database] to the same server on every '
                'host: mysql+pymysql://USER:PASSWORD@HOST/glance.',
                *(host.place(setting) for host in some if (
                    setting := host.setting('database', 'connection'))))
