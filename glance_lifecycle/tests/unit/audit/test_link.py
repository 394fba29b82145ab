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


import unittest

from glance_lifecycle.audit import link
from glance_lifecycle import exceptions


class RefusalTest(unittest.TestCase):

    def test_table(self) -> None:
        """What could not be told is not what failed."""
        for error, result, reason in (
                (exceptions.ImageRefused(reason='unsigned', detail='none.'),
                 link.Result.FAILED, 'unsigned'),
                (exceptions.ImageRefused(reason=link.NOBODY, detail='whose?'),
                 link.Result.UNKNOWN, link.NOBODY),
                (exceptions.KeyManagerForbidden(detail='no'),
                 link.Result.UNKNOWN, 'key-manager-forbidden'),
                (exceptions.KeyManagerError(detail='away'),
                 link.Result.UNKNOWN, 'key-manager-error'),
                (exceptions.InternalError(detail='no digest'),
                 link.Result.UNKNOWN, link.NOT_VERIFIED)):
            with self.subTest(error):
                check = link.refusal('chain', error)
                self.assertEqual(('chain', result, reason),
                                 (check.name, check.result, check.reason))


class AllGoodTest(unittest.TestCase):

    def test_the_first_is_the_reason(self) -> None:
        problems = [exceptions.ImageRefused(reason=reason, detail=detail)
                    for reason, detail in (('weak', 'Of 512 bits.'),
                                           ('expired', 'Long ago.'))]
        self.assertEqual(
            link.Check('certificate', link.Result.FAILED, 'weak',
                       'Of 512 bits. Long ago.'),
            link.all_good('certificate', problems, 'valid'))
        self.assertEqual(
            link.Check('certificate', link.Result.PASSED, '', 'valid'),
            link.all_good('certificate', [], 'valid'))
