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


"""What an image claims in a store."""

import testtools

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.tests.unit.audit.hygiene import helpers

A, B, State = helpers.A, helpers.B, claims.State


class ClaimsTest(testtools.TestCase):

    def of(self, *locations: helpers.Location) -> list[claims.Claim]:
        return helpers.made(helpers.Image(A, locations=locations))

    def test_states(self) -> None:
        for status, state in (
                ('active', State.LIVE), ('pending_delete', State.LEAVING),
                ('deleted', State.GONE), ('whatever', State.LIVE)):
            claim, = self.of(helpers.Location(helpers.URL + A, status=status))
            self.assertEqual((state, A, helpers.PLACE), (
                claim.state, claim.name, claim.place))

    def test_nowhere(self) -> None:
        """The image may have something there all the same."""
        claim, = self.of(helpers.Location('file:///other/x', store='s2'))
        self.assertEqual((State.NONE, A, False, False), (
            claim.state, claim.name, claim.stray, claim.lost))

    def test_other_name(self) -> None:
        """A location may have any; the image's own is claimed besides."""
        found = self.of(helpers.Location(helpers.URL + 'volume-1'))
        self.assertEqual([('volume-1', State.LIVE), (A, State.NONE)],
                         [(one.name, one.state) for one in found])

    def test_stray(self) -> None:
        """What may lead here, as far as can be told."""
        for url, store, stray, lost in (
                ('file:///gone/x', 's2', True, False),
                ('filesystem:///gone/x', '', True, False),
                ('', 's2', True, False), ('', 's1', True, True),
                ('file:///gone/x', 's1', True, True),
                ('rbd://a/b/c/d', 's1', True, True),
                ('rbd://a/b/c/d', 's2', False, False),
                ('http://host/x', '', False, False)):
            claim, = self.of(helpers.Location(url, store))
            self.assertEqual((stray, lost), (claim.stray, claim.lost), url)
            claim, = self.of(helpers.Location(url, store, 'deleted'))
            self.assertEqual((False, False), (claim.stray, claim.lost), url)

    def test_named(self) -> None:
        """What a location names that cannot be followed may be needed."""
        found = helpers.made(helpers.Image(A, locations=(
            helpers.Location(f'file:///alias/{B}'),
            helpers.Location(f'file:///alias/{A}'))))
        self.assertEqual([(A, A, True), (A, B, True)], [
            (one.image_id, one.name, one.stray) for one in found])
        self.assertFalse(any(one.alive or one.state for one in found))
        self.assertFalse(found[1].lost)

    def test_cluster(self) -> None:
        """That of a cluster of Ceph names no image."""
        self.assertEqual([B], list(claims.named(
            f'rbd://{A}/images/{B}/snap')))

    def test_busy(self) -> None:
        for image, busy, expected in (
                (helpers.stored(A), False, False),
                (helpers.stored(A, busy=True), False, True),
                (helpers.stored(A), True, True)):
            self.assertEqual(expected, helpers.made(image, busy=busy)[0].busy)
