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

"""GLC427"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class UploadBuffered(check.Check):
    """uWSGI writes each upload to a temporary file first.

    With ``post-buffering``, a request that is larger is written whole to a
    file in /tmp, or where TMPDIR says, before glance-api sees its first byte.
    An image is then written twice, and /tmp is filled, which may be memory.

    Remove it: glance-api reads uploads as they come.
    """

    code = 'GLC427'
    bad = ({'glance-uwsgi.ini': '[uwsgi]\npost-buffering = 8192\n'},)
    good = ({'glance-uwsgi.ini': '[uwsgi]\nprocesses = 2\n'},)

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if found.number('post-buffering'):
                yield self.found(
                    host, '[uwsgi] post-buffering',
                    'uWSGI writes uploads to temporary files first.',
                    'Remove post-buffering from [uwsgi].',
                    found.place('post-buffering'))
