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


"""GLC509"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding

_CONF = '[database]\nconnection = mysql+pymysql://glance:s3cr3t@%s\n'


class OtherDatabases(check.Check):
    """Hosts of one API have different databases.

    An image that is made by one host is then not there for the next. Only the
    hosts and the name in ``[database] connection`` are compared, not the user
    and the password. Where each host names its own member of one cluster,
    nothing is wrong.

    Set the same address on every host.
    """

    code = 'GLC509'
    bad = ({'a/glance-api.conf': _CONF % 'db1/glance',
            'b/glance-api.conf': _CONF % 'db1/glance',
            'c/glance-api.conf': _CONF % 'db2/glance'},
           {'a/glance-api.conf': _CONF % 'db/glance',
            'b/glance-api.conf': _CONF % 'db/glance_old'})
    good = ({'a/glance-api.conf': _CONF % 'db/glance?charset=utf8',
             'b/glance-api.conf': '[database]\n'
             'connection = mysql://g:*********@db/glance\n'},
            {'a/glance-api.conf': _CONF % 'db/glance',
             'b/glance-api.conf': '[database]\nconnection = *********\n'},
            {'a/glance-api.conf': _CONF % 'db/glance',
             'b/glance-api.conf': '[database]\n'
             'connection = mysql+pymysql://\n'})

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        # Whose address is not known is not compared.
        known = {host: address for host in found if (address := _of(host))}
        groups = compared.differing(list(known), known.__getitem__)
        if groups:
            some = compared.fewest(groups)
            yield self.found(
                some, '[database] connection',
                '%s has another [database] connection than the others.'
                % compared.names(some),
                'Set the same connection on every host, unless these are '
                'members of one cluster.',
                *(host.place(setting) for host in known
                  if (setting := host.setting('database', 'connection'))))


def _of(host: hosts.Host) -> str:
    """Hosts and name; empty if it is not known. Never shown."""
    setting = host.setting('database', 'connection')
    value = setting.value if setting else ''
    # SQLite is of one host anyway; another check says so.
    if '://' not in value or '$' in value or value.startswith('sqlite'):
        return ''
    address = value.partition('://')[2].rpartition('@')[2].partition('?')[0]
    return '' if '*' in address else address.strip().rstrip('/').lower()
