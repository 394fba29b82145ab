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

"""GLC733"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class DatabaseDriver(check.Check):
    """The URL of the database is not what it looks like.

    "mysql://" is SQLAlchemy's name for MySQLdb, which OpenStack does not
    install; "postgres://" is gone since SQLAlchemy 1.4. An "@" in the password
    ends it: what is behind it is taken for the host. glance-api cannot
    connect.

    Begin the URL with the driver that is there, and write "@" in a password
    as %40.
    """

    code = 'GLC733'
    bad = ({'glance-api.conf': '[database]\n'
            'connection = mysql://glance:s3cr3t@db/glance\n'},
           {'glance-api.conf': '[database]\n'
            'connection = postgres://glance:s3cr3t@db/glance\n'},
           {'glance-api.conf': '[database]\n'
            'connection = mysql+pymysql://glance:s3@cr3t@db/glance\n'})
    good = ({'glance-api.conf': '[database]\n'
             'connection = mysql+pymysql://glance:s3cr3t@db/glance\n'},
            {'glance-api.conf': '[database]\nconnection = '
             'mysql+pymysql://glance:s3%40cr3t@db/glance?x=a@b\n'},
            {'glance-api.conf': '[database]\nconnection = *********\n'})

    _BETTER = {'mysql://': 'mysql+pymysql://', 'postgres://': 'postgresql://'}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('database', 'connection')
        for begin, better in self._BETTER.items():
            if setting is not None and setting.value.startswith(begin):
                yield self.found(
                    host, '[database] connection',
                    'The value begins with %s.' % begin,
                    'Begin it with %s instead.' % better, setting)
        # A "/" ends no password, and no database has "@" in its name.
        ats = setting.value.partition('://')[2].partition('?')[0].count(
            '@') if setting is not None else 0
        if ats > 1:
            yield self.found(
                host, '[database] connection', 'The value has %d "@": the '
                'first ends the password.' % ats,
                'Write each "@" of the password as %40.', setting,
                severity=check.ERROR)
