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

"""A look at all images, or at some of so many."""

from collections.abc import Iterable
import datetime

from glance_lifecycle.policy import decision
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker import kindred
from glance_lifecycle.worker import observing


def look(observer: observing.Observer, images: Iterable[clouds.Image],
         cloud: clouds.Cloud, policy: decision.Policy,
         total: int | None) -> observing.Seen:
    """:param total: None where these are all"""
    if total is None:
        return observer.look(images, cloud, policy)
    return observer.look_at_some(images, kindred.Listed(
        cloud, policy, datetime.datetime.now(datetime.UTC)), policy, total)
