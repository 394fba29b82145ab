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

"""The same where the kernel has no landlock: a root directory stands in."""

import os

from glance_lifecycle.tests.functional import lacking
from glance_lifecycle.tests.functional import test_confinement

# Who is root runs them as somebody else too.
USER = lacking.NOBODY if os.getuid() == 0 else None


class WithoutLandlockMixin:
    lacks = (lacking.LANDLOCK,)
    wall = 'pivot_root'
    denied = ('No such file', 'Read-only file system',
              'Operation not permitted', 'Permission denied')


class SoundTest(WithoutLandlockMixin, test_confinement.SoundTest):
    pass


class SoundAsNobodyTest(SoundTest):
    user = USER


class HostileTest(WithoutLandlockMixin, test_confinement.HostileTest):
    pass


class HostileAsNobodyTest(HostileTest):
    user = USER
