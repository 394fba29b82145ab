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

"""GLC906"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit import finding


class NearLimit(check.LiveCheck):
    """The project has used nearly all that it may.

    At the limit, uploads and imports are refused with 413; an import counts
    the staged data as well.

    Raise the limit of the project in Keystone, or delete what it does not
    need.
    """

    code = 'GLC906'
    bad = ({'live.json': '{"usage": {"image_size_total": {"limit": 100, '
            '"usage": 95}}}'},)
    good = (
        {'live.json': '{"usage": {"image_size_total": {"limit": 100, '
         '"usage": 50}, "image_count_total": {"limit": -1, "usage": 9}}}'},
        {'live.json': '{}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        for name, one in sorted((live.usage or {}).items()):
            if 0 <= one.limit and one.usage >= _MUCH * one.limit:
                yield self.found(
                    (), name, 'Of %s, your project has used %d of %d.' % (
                        name, one.usage, one.limit),
                    'Raise the limit with "openstack limit create", or '
                    'delete images.')


_MUCH = 0.9
