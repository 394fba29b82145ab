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

"""GLC426"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import uwsgi
from glance_lifecycle.audit import finding


class UploadLimited(check.Check):
    """uWSGI refuses larger uploads.

    ``limit-post`` is the most bytes that a request may have. uWSGI closes the
    connection of a larger one without an answer. It does not look at uploads
    in chunks, so that some clients succeed and others fail.

    Remove it. ``image_size_cap`` of glance-api limits images, and says so.
    """

    code = 'GLC426'
    bad = ({'glance-uwsgi.ini': '[uwsgi]\nlimit-post = 1073741824\n'},)
    good = ({'glance-uwsgi.ini': '[uwsgi]\nprocesses = 2\n'},
            {'glance-uwsgi.ini': '[uwsgi]\nlimit-post = 0\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for found in uwsgi.of(host):
            if found.number('limit-post') or len(found.word(
                    'limit-post')) > 9:
                yield self.found(
                    host, '[uwsgi] limit-post', 'uWSGI limits uploads.',
                    'Remove limit-post from [uwsgi], and set image_size_cap '
                    'in [DEFAULT] of glance-api.conf.',
                    found.place('limit-post'))
