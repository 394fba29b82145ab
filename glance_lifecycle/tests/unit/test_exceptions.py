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

"""An error is the same error on the other side of a pipe."""

import copy
import json
import pickle
import unittest

from glance_lifecycle import exceptions


class ExceptionsTest(unittest.TestCase):

    def test_across_a_process_boundary(self) -> None:
        for error in (
                exceptions.ImageRefused(reason='corrupt', detail='why'),
                exceptions.StoreFull(store='s1', detail='no {room}'),
                exceptions.TransferCancelled(detail='x')):
            for again in (
                    exceptions.from_dict(json.loads(json.dumps(
                        error.to_dict()))),
                    copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
                self.assertIs(type(error), type(again))
                self.assertEqual(str(error), str(again))
                self.assertEqual(error.fields, again.fields)

    def test_only_ours(self) -> None:
        for value in ({}, {'error': 'SystemExit', 'fields': {}},
                      {'error': 'StoreFull', 'fields': {}},
                      {'error': 'StoreFull', 'fields': 1}):
            self.assertIsInstance(exceptions.from_dict(value),
                                  exceptions.InternalError)

    def test_names(self) -> None:
        self.assertEqual('a-b', exceptions.ImageRefused(
            reason='a-b', detail='').reason)
        self.assertEqual('s1', exceptions.StoreFull(
            store='s1', detail='').store)

    def test_for_the_user(self) -> None:
        """What is the operator's, and paths and addresses that slipped in.
        """
        for detail, shown in (
                ('cannot start /usr/bin/python: no such file',
                 'cannot start (path): no such file'),
                ('[lifecycle] state_dir: /var/lib/glance: full',
                 '[lifecycle] state_dir: (path): full'),
                ("cannot read '/etc/glance/x.conf', sorry",
                 "cannot read '(path)', sorry"),
                ('GET https://user:key@10.0.0.1:8080/v1/AUTH_x failed',
                 'GET (address) failed'),
                ('swift+http://a:b:c@h/v1, then', '(address), then'),
                ('and/or, 5 MiB/s, HTTP/1.1, s3 or swift',
                 'and/or, 5 MiB/s, HTTP/1.1, s3 or swift'),
                ('the glance/images pool', 'the glance/images pool')):
            error = exceptions.StoreError(store='s1', detail=detail,
                                          operator='/secret/place')
            self.assertNotIn('/secret', str(error))
            self.assertIn('/secret/place', error.for_operator())
            user = error.for_user()
            self.assertIs(exceptions.StoreError, type(user))
            self.assertEqual('Store s1 failed: %s.' % shown, str(user))
            self.assertEqual(str(user), user.for_operator())

    def test_of_the_image(self) -> None:
        """What an image names is no secret to who brought it."""
        error = exceptions.ImageRefused(
            reason='backing-file', detail='it names /etc/shadow')
        self.assertIn('/etc/shadow', str(error.for_user()))
