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

"""GLC907"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class StuckImages(check.LiveCheck):
    """Images have been on their way for an hour or longer.

    An upload, a staged file that nobody imports, an import whose process has
    died. They keep room in the staging directory, and count against limits.

    Let ``openstack image lifecycle diagnose --all-stuck`` say why.
    """

    code = 'GLC907'
    bad = ({'live.json': '{"stuck": {"importing": 3, "uploading": 1}}'},)
    good = ({'live.json': '{"stuck": {}}'},)

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for status, count in sorted((live.stuck or {}).items()):
            yield self.found(
                (), 'status %s' % status,
                '%s%d images have been %s for an hour or longer.' % (
                    'At least ' if count >= live.most else '', count,
                    status),
                'Run: openstack image lifecycle diagnose --all-stuck.')
