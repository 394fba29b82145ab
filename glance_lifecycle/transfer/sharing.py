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

"""Stores that can share one copy of the bytes are written once."""

from collections.abc import Iterable
import logging

from glance_lifecycle.transfer import sink as sink_api

LOG = logging.getLogger(__name__)


def pair(sinks: Iterable[sink_api.Sink]) -> int:
    """Let sinks follow an earlier one that they can share storage with.

    To be called once every sink has begun and before anything is written.
    A follower stores nothing of what it is given and takes its leader's
    bytes when it commits. Should the leader fail, so do its followers: they
    share its storage, and would have met the same fault.

    :returns: how many sinks follow another
    """
    leaders: list[sink_api.Sink] = []
    followers = 0
    for sink in sinks:
        leader = next((one for one in leaders if sink.follow(one)), None)
        if leader is None:
            leaders.append(sink)
            continue
        followers += 1
        LOG.info('Store %s will share the extents of store %s for image %s.',
                 sink.store, leader.store, sink.image_id)
    return followers
