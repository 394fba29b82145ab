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

"""Volumes, as Cinder lists them."""

from typing import Any
import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import volumes
from glance_lifecycle.tests.unit.dependents import fakes

VOLUMES: list[dict[str, Any]] = [
    {'id': '1', 'name': 'a', 'status': 'in-use',
     'os-vol-tenant-attr:tenant_id': 'p',
     'volume_image_metadata': {'image_id': 'i'}},
    {'id': '2', 'name': None, 'status': 'available'},
    {'id': '3', 'name': None, 'status': 'available',
     'volume_image_metadata': {'image_id': 'other'}}]


class VolumesTest(unittest.TestCase):

    def provider(self, *roles: str) -> volumes.VolumesProvider:
        return volumes.VolumesProvider(fakes.Connection(
            *roles, block_storage=fakes.Client(
                fakes.paged('volumes', VOLUMES))), base.Settings())

    def test_found(self) -> None:
        answer = self.provider('admin').ask(base.Image('i'))
        self.assertEqual((True, ''), (answer.asked, answer.reason))
        self.assertEqual(
            [base.Dependent('volume', '1', 'a', 'p', 'made from it, in-use')],
            [*answer.dependents])

    def test_not_an_administrator(self) -> None:
        answer = self.provider('member').ask(base.Image('i'))
        self.assertTrue(answer.asked)
        self.assertIn('only volumes of your own project', answer.reason)
        with self.assertRaises(base.NotAsked):
            list(self.provider('member').used())

    def test_used(self) -> None:
        self.assertEqual(['i', 'other'], [*self.provider('admin').used()])
