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

"""Clones in Ceph, on modules that stand for rados and rbd.

They are faked where they are imported, and nowhere else.
"""

import sys
import threading
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import rbd_children
from glance_lifecycle.tests import waiting

URL = 'rbd://fsid/images/0a%2Fb/snap'


class Failure(Exception):

    def __init__(self, errno: int) -> None:
        super().__init__('secret')
        self.errno = errno


class NotThere(Failure):
    pass


class Ceph:
    """Both modules, and one cluster."""

    Error = Failure
    ImageNotFound = NotThere

    def __init__(self) -> None:
        self.children: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.hang = threading.Event()
        self.hang.set()
        self.options: dict[str, str] = {}
        self.opened: tuple[Any, ...] = ()

    def Rados(self, **options: Any) -> 'Ceph':
        self.options.update(options)
        return self

    def conf_set(self, name: str, value: str) -> None:
        self.options[name] = value

    def __enter__(self) -> 'Ceph':
        self.hang.wait(waiting.BOUND)
        if self.error:
            raise self.error
        return self

    def __exit__(self, *_args: object) -> None:
        pass

    def get_fsid(self) -> str:
        return 'fsid'

    def open_ioctx(self, pool: str) -> 'Ceph':
        self.opened = (pool,)
        return self

    def Image(self, _ioctx: Any, name: str, *, read_only: bool) -> 'Ceph':
        assert read_only
        self.opened += (name,)
        return self

    def list_children2(self) -> list[dict[str, Any]]:
        return self.children


class RbdChildrenTest(unittest.TestCase):

    def setUp(self) -> None:
        self.ceph = Ceph()
        self.modules: Any = {'rados': self.ceph, 'rbd': self.ceph}
        self.timeout = 60.0

    def ask(self, *urls: str, store: str = 'fast') -> base.Answer:
        provider = rbd_children.RbdChildrenProvider(None, base.Settings(
            ceph={'fast': base.Ceph('/etc/ceph/c.conf', 'glance')},
            ceph_timeout=self.timeout))
        image = base.Image('i', locations=tuple(
            base.Location(url, store) for url in urls))
        with mock.patch.dict(sys.modules, self.modules):
            return provider.ask(image)

    def not_asked(self, *urls: str, **options: str) -> str:
        answer = self.ask(*urls, **options)
        self.assertFalse(answer.asked)
        self.assertNotIn('secret', answer.reason)
        return answer.reason

    def test_children(self) -> None:
        self.ceph.children = [
            {'pool': 'vms', 'image': 'one', 'id': '1', 'trash': False},
            {'pool': 'vms', 'pool_namespace': 'blue', 'image': 'two',
             'id': '2', 'trash': True}]
        answer = self.ask('file:///x', URL)
        self.assertEqual(
            [base.Dependent('rbd child', 'vms/1', 'one',
                            detail='cloned from it'),
             base.Dependent('rbd child', 'vms/blue/2', 'two',
                            detail='cloned from it, in the trash')],
            [*answer.dependents])
        self.assertEqual(('images', '0a/b'), self.ceph.opened)
        self.assertEqual(
            ('/etc/ceph/c.conf', 'glance', '60'),
            tuple(self.ceph.options[name] for name in (
                'conffile', 'rados_id', 'rados_osd_op_timeout')))

    def test_nothing_to_ask(self) -> None:
        self.modules = {'rados': None, 'rbd': None}
        answer = self.ask('file:///x')
        self.assertEqual((True, []), (answer.asked, [*answer.dependents]))

    def test_no_modules(self) -> None:
        self.modules = {'rados': None, 'rbd': None}
        self.assertIn('module rados', self.not_asked(URL))

    def test_locations_hidden(self) -> None:
        provider = rbd_children.RbdChildrenProvider(None, base.Settings())
        self.assertFalse(provider.ask(base.Image('i')).asked)
        self.assertTrue(rbd_children.is_here(base.Image('i')))
        self.assertFalse(rbd_children.is_here(base.Image(
            'i', locations=(base.Location('file:///x'),))))

    def test_failures(self) -> None:
        for errno, said in ((1, 'rbd-read-only'), (13, 'rbd-read-only'),
                            (2, 'no such ceph.conf'),
                            (110, 'did not answer within 60 s'),
                            (5, 'Ceph failed')):
            self.ceph.error = Failure(errno)
            self.assertIn(said, self.not_asked(URL))

    def test_image_gone(self) -> None:
        self.ceph.error = NotThere(2)
        with mock.patch.object(self.ceph, 'Image', side_effect=NotThere(2)):
            self.ceph.error = None
            self.assertEqual([], [*self.ask(URL).dependents])

    def test_other_cluster_and_store(self) -> None:
        self.assertIn('another Ceph cluster', self.not_asked(
            URL.replace('fsid', 'other')))
        self.assertIn('no Ceph configuration', self.not_asked(
            URL, store='slow'))
        for url in ('rbd://image', 'rbd://fsid/pool/image/', 'rbd://'):
            self.assertIn('snapshot', self.not_asked(url))

    def test_hangs(self) -> None:
        self.timeout = 0.1
        self.ceph.hang.clear()
        self.addCleanup(self.ceph.hang.set)
        self.assertIn('did not answer', self.not_asked(URL))
