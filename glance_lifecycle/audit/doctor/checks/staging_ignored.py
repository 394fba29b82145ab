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

"""GLC303"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding


class StagingIgnored(check.Check):
    """The staging directory is set where it is not read.

    With ``enabled_backends``, images are staged in
    ``[os_glance_staging_store] filesystem_store_datadir``, and
    ``node_staging_uri`` has no effect. The staging directory is then the
    default, /var/lib/glance/os_glance_staging_store, whose disk may be a small
    one. Where both are set, the line is only a left-over, and told as "info".

    Set the directory there.
    """

    code = 'GLC303'
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            'node_staging_uri = file:///srv/staging\n'
            '[glance_store]\ndefault_backend = a\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'node_staging_uri = file:///srv/staging\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('DEFAULT', 'node_staging_uri')
        if setting is None or not host.multi_store:
            return
        there = host.setting(options.STAGING, 'filesystem_store_datadir')
        path = directories.staging_of_old(host)
        yield self.found(
            host, '[DEFAULT] node_staging_uri',
            'node_staging_uri has no effect with enabled_backends.',
            'Remove the line; to stage images in %s, set '
            'filesystem_store_datadir in [os_glance_staging_store] to it.'
            % (path or 'its directory') if there else
            'Set filesystem_store_datadir = %s in [os_glance_staging_store], '
            'and remove the line.' % (path or 'DIRECTORY'),
            setting, there, severity=check.INFO if there else None)
