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
"""What a worker takes back in Ceph, S3 and Swift."""

from glance_lifecycle.tests.functional.stores import taking_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects
from glance_lifecycle.tests.functional.stores import test_hygiene_rbd
from glance_lifecycle.tests.functional.worker import looking_case


class RbdTakingTest(test_hygiene_rbd.RbdHygieneCase, taking_case.TakingCase):

    store = 'fast'

    def names(self) -> list[str]:
        return self.cluster.images('images')

    def test_cloned(self) -> None:
        """What a volume was cloned from stays."""
        gone = self.gone()
        self.clone(gone, 'images2/volume', 2)
        daemon = self.looks(looking_case.policy('fast'))
        self.until_ended(daemon)
        self.assertEqual([gone], self.names())
        self.assertEqual('', self.rbd('trash', 'ls', 'images'))


class S3TakingTest(  # type: ignore[misc] # "put" is of that store
        test_hygiene_objects.S3HygieneCase, taking_case.TakingCase):

    store = 'archive'

    def names(self) -> list[str]:
        return [one['Key'] for one in self.client.list_objects_v2(
            Bucket=test_hygiene_objects.PLACE).get('Contents', ())
            if '/' not in one['Key']]


class SwiftTakingTest(  # type: ignore[misc]
        test_hygiene_objects.SwiftHygieneCase, taking_case.TakingCase):

    store = 'objects'

    def names(self) -> list[str]:
        return [one['name'] for one in self.client.get_container(
            test_hygiene_objects.PLACE)[1] if '/' not in one['name']]
