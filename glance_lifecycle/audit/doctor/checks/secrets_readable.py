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

"""GLC112"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import worker_files
from glance_lifecycle.audit import finding


class SecretsReadable(check.Check):
    """Every user of this host may read the secrets of Glance.

    Passwords of the database, of Keystone and of stores stand in the files of
    glance-api and of the worker. Who can read them can do what Glance can.
    Looked at only with ``--this-host``.

    Let only root and the group of the service read the file: ``chown
    root:glance`` and ``chmod 640``.
    """

    code = 'GLC112'
    bad = ({'etc/glance/glance-api.conf': '[keystone_authtoken]\n'
            'password = s3cr3t\n',
            'this-host.json': '{"places": {"{directory}/glance-api.conf": '
            '{"mode": "644", "owner": "root"}}}'},
           {'etc/glance/glance-api.conf': '[DEFAULT]\ndebug = false\n',
            'etc/glance/glance-lifecycle-worker.conf':
            '[lifecycle_worker]\npassword = s3cr3t\n',
            'this-host.json': '{"places": {'
            '"{directory}/glance-lifecycle-worker.conf": '
            '{"mode": "644", "owner": "root"}}}'})
    good = (
        {'etc/glance/glance-api.conf': '[keystone_authtoken]\n'
         'password = s3cr3t\n',
         'this-host.json': '{"places": {"{directory}/glance-api.conf": '
         '{"mode": "640", "owner": "root"}}}'},
        {'etc/glance/glance-api.conf': '[DEFAULT]\ndebug = false\n',
         'this-host.json': '{"places": {"{directory}/glance-api.conf": '
         '{"mode": "644", "owner": "root"}}}'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        own = files.File(host.directory.shown(worker_files.NAME),
                         worker_files.parsed(host))
        for file in (*host.files, own) if host.here else ():
            place = host.here and host.here.place(file.shown)
            if not place or not place.looked or not place.exists or not (
                    place.mode & 4):
                continue
            secret = next((one for one in file.parsed.settings if one.value
                           and self._secret(host, one)), None)
            if secret is not None:
                yield self.found(
                    host, file.shown, 'Everybody may read %s, and a secret '
                    'stands in it.' % masking.name(file.shown),
                    'Run: chown root:%s %s && chmod 640 %s.' % (
                        host.here.user or 'glance' if host.here else '',
                        masking.name(file.shown), masking.name(file.shown)),
                    secret)

    def _secret(self, host: hosts.Host, setting: object) -> bool:
        option = host.option(setting)  # type: ignore[arg-type]
        return option is not None and option.secret
