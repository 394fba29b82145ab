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

"""Which images stay as fast as they are, though no disk is made of them now."""

from glance_lifecycle.planning import cloud as clouds

#: Seconds without a boot after which an image may be slow to boot.
IDLE = 90 * 86400


def kept(image: clouds.Image) -> bool:
    """Whether it has to boot as fast as it does."""
    return bool(image.golden or image.used or (
        image.last_boot is not None and image.last_boot < IDLE))
