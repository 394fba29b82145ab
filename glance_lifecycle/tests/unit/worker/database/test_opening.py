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

"""Which database it is, and that one of another release is refused."""

import pathlib

import fixtures
from oslo_config import cfg
from oslo_config import fixture as config_fixture
import testtools

from glance_lifecycle.conf import opts
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import opening


class OpeningTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.conf = cfg.ConfigOpts()
        opts.register_opts(self.conf)
        self.conf([])
        # Groups are shared by all who register them, and so are overrides.
        self.set = self.useFixture(config_fixture.Config(self.conf)).config
        # A name that a URL would take for something else.
        self.state = self.base / 'a?b%c #d'
        self.set(group='lifecycle', state_dir=str(self.state))

    def test_default(self) -> None:
        for _ in range(2):
            database = opening.open_database(self.conf)
            self.addCleanup(database.close)
            self.assertFalse(migration.outdated(database))
            marks.set(database, 'a', 'b')
        self.assertTrue((self.state / 'worker.db').is_file())

    def test_configured(self) -> None:
        path = self.base / 'other.db'
        self.set(group='lifecycle_worker',
                 connection=f'sqlite:///{path}')
        self.addCleanup(opening.open_database(self.conf).close)
        self.assertTrue(path.is_file())
        self.assertFalse(self.state.exists())

    def test_outdated(self) -> None:
        database = opening.open_database(self.conf)
        self.addCleanup(database.close)
        database.write(lambda connection: connection.exec_driver_sql(
            "update lifecycle_alembic_version set version_num = 'other'"))
        error = self.assertRaises(errors.DatabaseOutdated,
                                  opening.open_database, self.conf)
        self.assertIn('revision other', str(error))
        self.assertIn('db sync', str(error))

    def test_asked(self) -> None:
        """Who only asks makes nothing, and finds what is there."""
        for _ in range(2):
            self.assertRaises(errors.DatabaseMissing, opening.existing,
                              self.conf)
            self.assertFalse(self.state.exists())
        made = opening.open_database(self.conf)
        self.addCleanup(made.close)
        marks.set(made, 'a', 'b')
        found = opening.existing(self.conf)
        self.addCleanup(found.close)
        self.assertIsNotNone(marks.get(found, 'a'))

    def test_asked_too_early(self) -> None:
        """The tables are not there, or of another release."""
        self.addCleanup(opening.configured(self.conf).close)
        database = opening.configured(self.conf)
        self.addCleanup(database.close)
        self.assertIsNone(migration.version(database))
        error = self.assertRaises(errors.DatabaseOutdated, opening.existing,
                                  self.conf)
        self.assertIn('it is empty', str(error))
        self.assertIsNone(migration.version(database))

    def test_secret(self) -> None:
        self.set(group='lifecycle_worker',
                 connection='mysql+pymysql://u:hidden@h/d')
        database = opening.configured(self.conf)
        self.assertNotIn('hidden', str(database.url))
        self.assertEqual('hidden', database.url.password)
