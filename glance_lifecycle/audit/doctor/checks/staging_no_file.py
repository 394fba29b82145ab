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

"""GLC304"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class StagingNoFile(check.Check):
    """The staging directory is not a URI of a file.

    With a single store, ``node_staging_uri`` must begin with "file://" and go
    on with a full path. glance-api does not start with another.

    Write three slashes: file:///var/lib/glance/staging.
    """

    code = 'GLC304'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\n'
            'node_staging_uri = /var/lib/glance/staging\n'},
           )
    good = ({'glance-api.conf': '[DEFAULT]\n'
             'node_staging_uri = file:///var/lib/glance/staging\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        value = host.value('DEFAULT', 'node_staging_uri')
        setting = host.setting('DEFAULT', 'node_staging_uri')
        if not host.multi_store and setting and value and (
                not value.startswith('file:///')):
            yield self.found(
                host, '[DEFAULT] node_staging_uri',
                'node_staging_uri is %s, which does not begin with '
                '"file:///".' % host.shown(setting),
                'Write node_staging_uri = file:///var/lib/glance/staging.',
                setting)
