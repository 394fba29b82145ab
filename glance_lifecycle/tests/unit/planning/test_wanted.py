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


"""What a policy wants of images on paper."""

import unittest

from glance_lifecycle.planning import options
from glance_lifecycle.planning import wanted
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.tests.unit.planning import small_clouds

POLICY = b'''
version: 1
rules:
  - name: windows
    match: {name: "windows-*"}
    place: {stores: [ceph], later: [archive], copies: exact,
            combine: policy-only}
  - name: tagged
    match: {tags: [gold], name: "*-24.04"}
    place: {stores: [ceph]}
  - name: both
    match: {name: "*-18.04"}
    place: {stores: [archive]}
'''


class WantedTest(unittest.TestCase):

    def test_of(self) -> None:
        cloud = small_clouds.paper_with_room()
        wants = wanted.of(decision.Policy(document.load(POLICY)), cloud)
        ubuntu, windows, old = cloud.images
        self.assertEqual(options.Wanted(('ceph', 'archive'), True),
                         wants(windows))
        self.assertEqual(options.Wanted(('archive',)), wants(old))
        # Whether it has the tag is not known: it stays.
        self.assertEqual(options.Wanted(('archive',)), wants(ubuntu))
