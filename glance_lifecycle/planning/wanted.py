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


"""What a lifecycle policy wants of the stores of an image on paper."""

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import options
from glance_lifecycle.policy import decision


def of(policy: decision.Policy, cloud: clouds.Cloud) -> options.Wants:
    """The answer of that policy, for each image."""
    kinds = {one.name: one.kind for one in cloud.stores}

    def wants(image: clouds.Image) -> options.Wanted:
        stores = tuple(one.store.name for one in image.copies)
        found = policy.decide(decision.Facts(
            image.disk_format, 'bare', int(image.size.value),
            int(image.virtual_size.value), name=image.name,
            project=image.project or None, stores=stores, store_kinds=kinds))
        if 'place' in found.unsure:
            # It asks for what the file does not tell, such as tags.
            return options.Wanted(stores)
        place = found.place
        return options.Wanted(
            tuple(dict.fromkeys((*(place.stores or ()), *place.later))),
            place.copies == 'exact' and place.stores is not None)

    return wants
