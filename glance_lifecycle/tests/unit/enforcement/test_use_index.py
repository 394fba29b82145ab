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

"""What is in use, and what nobody can tell."""

from collections.abc import Iterator
import pathlib
import tempfile
import threading
import time
import unittest

from oslo_config import cfg

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import protection
from glance_lifecycle.dependents import base
from glance_lifecycle.enforcement import use_file
from glance_lifecycle.enforcement import use_index
from glance_lifecycle.tests import waiting

SERVER = '0f8c7f5e-4b0a-4a68-a7c2-bc4e1c4e2a11'


class Cloud(base.Provider):
    """One whose use changes, and that can fail."""

    name = 'things'

    def __init__(self) -> None:
        super().__init__(None, base.Settings())
        self.ids = ['busy', SERVER]
        self.fails = ''
        self.live: list[base.Dependent] = [base.Dependent('thing', '1')]
        self.lists = 0
        self.gate = threading.Event()
        self.gate.set()

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        if self.fails:
            raise base.NotAsked(detail=self.fails)
        return iter(self.live)

    def used(self) -> Iterator[str]:
        self.lists += 1
        self.gate.wait(waiting.BOUND)
        if self.fails:
            raise base.NotAsked(detail=self.fails)
        return iter(self.ids)


class Quick(Cloud):

    quick = True


class IndexTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = str(pathlib.Path(directory.name, 'dependents'))
        self.cloud: Cloud = Cloud()

    def listed(self) -> use_index.Listed:
        return use_index.Listed(
            'things', use_file.ListingFile(self.directory, 'things'),
            lambda: self.cloud)

    def index(self, wait: float = waiting.BOUND, *asked: base.Provider
              ) -> use_index.Index:
        made = use_index.Index([self.listed()], asked, interval=60,
                               max_age=120, wait=wait)
        self.addCleanup(made.stop)
        return made

    def test_first_use_waits_for_the_listing(self) -> None:
        index = self.index()
        self.assertEqual(use_index.Use(True, ('things',)),
                         index.use(base.Image('busy')))
        self.assertEqual(use_index.Use(True),
                         index.use(base.Image('free')))
        self.assertEqual(1, self.cloud.lists)

    def test_processes_share(self) -> None:
        self.index().use(base.Image('busy'))
        self.assertTrue(self.index().use(base.Image('busy')).kinds)
        self.assertEqual(1, self.cloud.lists)

    def test_shelved(self) -> None:
        found = self.index().use(base.Image(
            'free', 'vm-shelved', properties={'instance_uuid': SERVER}))
        self.assertEqual(('things',), found.kinds)

    def test_fails(self) -> None:
        self.cloud.fails = 'it is down'
        found = self.index().use(base.Image('free'))
        self.assertEqual((False, 'things: it is down'),
                         (found.known, found.reason))

    def test_slow(self) -> None:
        self.cloud.gate.clear()
        index = self.index(0.05)
        self.addCleanup(self.cloud.gate.set)
        found = index.use(base.Image('free'))
        self.assertEqual((False, 'things: the listing is not there yet'),
                         (found.known, found.reason))

    def test_too_old(self) -> None:
        file = use_file.ListingFile(self.directory, 'things')
        self.cloud.fails = 'it is down'
        for taken, known in ((time.time() - 100, True),
                             (time.time() - 121, False),
                             (time.time() + 100, False)):
            file.write(taken, {'other'})
            self.assertEqual(known, self.index().use(
                base.Image('free')).known)

    def test_over(self) -> None:
        """Whoever answers quickly is asked whether it is still so."""
        self.cloud = Quick()
        index = self.index()
        self.assertTrue(index.use(base.Image('busy')).kinds)
        self.cloud.live = []
        self.assertEqual(use_index.Use(True),
                         index.use(base.Image('busy')))
        self.cloud.fails = 'it is down'
        self.assertTrue(index.use(base.Image('busy')).kinds)
        self.cloud.fails = ''
        self.cloud.limited = 'only a part'
        self.assertTrue(index.use(base.Image('busy')).kinds)

    def test_asked_at_once(self) -> None:
        other = Cloud()
        self.assertEqual(('things',), self.index(3.0, other).use(
            base.Image('free')).kinds)
        other.fails = 'no answer'
        found = self.index(3.0, other).use(base.Image('free'))
        self.assertEqual((False, 'things: no answer'),
                         (found.known, found.reason))
        # One that knows of a use is enough.
        self.assertTrue(self.index(3.0, other).use(
            base.Image('busy')).kinds)

    def test_unwritable(self) -> None:
        pathlib.Path(self.directory).touch()
        found = self.index().use(base.Image('free'))
        self.assertFalse(found.known)
        self.assertIn('state_dir', found.reason)

    def test_unexpected(self) -> None:
        self.cloud.ids = 3  # type: ignore[assignment]
        found = self.index().use(base.Image('free'))
        self.assertEqual((False, 'things: TypeError'),
                         (found.known, found.reason))


class ConfiguredTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.conf = cfg.ConfigOpts()
        opts.register_opts(self.conf)
        credentials.register(self.conf, protection.NAME)
        self.conf([], default_config_files=[])
        self.conf.set_override('state_dir', directory.name, 'lifecycle')

    def use(self) -> use_index.Use:
        index = use_index.of(self.conf, {})
        self.addCleanup(index.stop)
        return index.use(base.Image('i', locations=()))

    def test_no_credentials(self) -> None:
        self.conf.set_override('providers', ['servers', 'rbd_children'],
                               'lifecycle_protection')
        found = self.use()
        self.assertFalse(found.known)
        self.assertIn('auth_type', found.reason)

    def test_bad_credentials(self) -> None:
        self.conf.set_override('providers', ['servers'],
                               'lifecycle_protection')
        self.conf.set_override('auth_type', 'password',
                               'lifecycle_protection')
        found = self.use()
        self.assertFalse(found.known)
        self.assertIn('auth_url', found.reason.replace('-', '_'))
        # As Glance does, after that.
        self.conf([], default_config_files=[])

    def test_nothing_to_ask(self) -> None:
        self.conf.set_override('providers', [], 'lifecycle_protection')
        self.assertEqual(use_index.Use(True), self.use())

    def test_no_such_provider(self) -> None:
        self.conf.set_override('providers', ['no-such'],
                               'lifecycle_protection')
        self.assertFalse(self.use().known)


class OptionsTest(unittest.TestCase):

    def test_sample(self) -> None:
        (group, options), = protection.list_auth()
        self.assertEqual('lifecycle_protection', group)
        names = [option.dest for option in options]
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertIn('auth_type', names)
        self.assertIn('password', names)
