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

"""Whether an image is the newest of its family, so that its raw one may be.

The raw one is made now, whenever the build was that is in it. Made of an old
build it would be the newest of the family: people would find the old build,
and what "retain" of the policy says would delete the new one.
"""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import decision
from glance_lifecycle.reclaim.formats import carried
from glance_lifecycle.reclaim.formats import staying
from glance_lifecycle.worker import cloud as clouds


class Newest:
    """For one look: what it has listed is not listed again.

    :param policy: that of the service
    :param now: with a time zone
    """

    def __init__(self, cloud: clouds.Cloud, policy: decision.Policy,
                 now: datetime.datetime) -> None:
        self._cloud = cloud
        self._policy = policy
        self._now = now
        self._families = cloud.families(policy, now)

    def why_not(self, image: Mapping[str, Any], stores: Sequence[str],
                but: Collection[str] = ()) -> str:
        """That there is a newer one, as a sentence; empty if there is none.

        :param stores: of the raw one
        :param but: ids of images that do not count
        :raises ServiceError: its family cannot be listed
        """
        known = drift.facts(image, self._now, self._cloud.store_kinds)
        # The policy may have another family for what is raw.
        raw = dataclasses.replace(
            known, disk_format=staying.RAW, stores=tuple(stores),
            properties=carried.properties(image))
        with image_api.asking('list the family of image %s' % image['id']):
            for facts in (known, raw):
                newer = self._families.after(
                    image, facts, self._policy.decide(facts), but)
                if newer:
                    return ('Image %s of its family is newer: one made of '
                            'this one now would be the newest, and that one '
                            'would be retired instead.' % newer)
        return ''
