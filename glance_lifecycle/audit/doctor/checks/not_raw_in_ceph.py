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

"""GLC908"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class NotRawInCeph(check.LiveCheck):
    """Images in Ceph are not raw.

    Nova and Cinder clone only raw images. Of any other, each server and each
    volume costs a download, a conversion and a full copy.

    Convert what is imported, and import these again as raw.
    """

    code = 'GLC908'
    bad = ({'live.json': '{"not_raw": {"ceph": 12}}'},)
    good = ({'live.json': '{"not_raw": {}}'},)

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for store, count in sorted((live.not_raw or {}).items()):
            yield self.found(
                (), 'store %s' % masking.name(store),
                '%s%d active images in the store %s are not raw.' % (
                    'At least ' if count >= live.most else '', count,
                    masking.name(store)),
                'Set convert: {to_raw: {if_store_is: [rbd]}} in the '
                'lifecycle policy, and import those again that are booted '
                'often.')
