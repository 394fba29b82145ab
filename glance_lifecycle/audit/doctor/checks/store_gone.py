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

"""GLC917"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image_api


class StoreGone(check.LiveCheck):
    """Images are said to be in a store that the service does not have.

    If the store was removed from ``enabled_backends``, they cannot be read
    there any more, and where that is their only copy, not at all. If it was
    renamed, Glance corrects each when it is next shown by itself.

    Bring the store back on every host; or copy what is needed from another.
    """

    code = 'GLC917'
    bad = ({'live.json': '{"stores": [{"id": "a"}], "images": [{"id": '
            '"d7c7", "stores": "a,old"}, {"id": "1a2b", "stores": "old"}]}'},)
    good = (
        {'live.json': '{"stores": [{"id": "a"}], "images": [{"id": "d7c7", '
         '"stores": "a"}, {"id": "1a2b"}]}'},
        # Without names for them, there is nothing to compare.
        {'live.json': '{"stores": [], "images": [{"id": "d7c7", "stores": '
         '"a"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        there = {one.id for one in live.stores or ()}
        if not there:
            return
        gone: dict[str, list[bool]] = {}
        for image in live.images or ():
            stores = image_api.stores_of(image)
            only = not there.intersection(stores)
            for store in set(stores) - there:
                gone.setdefault(store, []).append(only)
        for store, images in sorted(gone.items())[:_MOST]:
            yield self.found(
                (), 'store %s' % masking.name(store),
                '%d active images are said to be in the store %s, which the '
                'service does not have; %d of them in no other.' % (
                    len(images), masking.name(store), sum(images)),
                'Bring it back in enabled_backends; if it was renamed, run '
                '"openstack image show" for each.')


_MOST = 20
