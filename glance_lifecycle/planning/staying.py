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

"""Which images stay as fast as they are, and which copies have to stay."""

from glance_lifecycle.planning import cloud as clouds

#: Seconds without a boot after which an image may be slow to boot.
IDLE = 90 * 86400


def kept(image: clouds.Image) -> bool:
    """Whether it has to boot as fast as it does."""
    return bool(image.golden or image.used or (
        image.last_boot is not None and image.last_boot < IDLE))


def idle(image: clouds.Image) -> bool:
    """Whether it may be wherever it is cheapest."""
    return not kept(image) and not cloned(image)


def cloned(image: clouds.Image) -> bool:
    """Whether a copy of it cannot go."""
    for one in image.copies:
        if one.clones:
            return True
    return False


def with_kept(image: clouds.Image, chosen: tuple[clouds.Store, ...]
              ) -> tuple[clouds.Store, ...]:
    """The chosen stores, and those whose copies have to stay beside them."""
    if image.least_copies <= len(chosen) and not cloned(image):
        return chosen
    found = dict.fromkeys(chosen)
    found.update((one.store, None) for one in image.copies if one.clones)
    for store in sorted((one.store for one in image.copies), key=lambda one: (
            one.cost.value * one.factor.value)):
        if len(found) >= image.least_copies:
            break
        found[store] = None
    return tuple(found)
