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

"""Each transaction is on its own, and patient; Glance's settings are not ours.

What a server does that dies is in functional/worker/test_database.py.
"""

import datetime
import sqlite3
import sys
import threading
from unittest import mock

from oslo_config import cfg
from oslo_db import exception as db_exception
from oslo_db import options
import sqlalchemy as sa

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import errors
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import models


class EngineTest(cases.DatabaseTestCase):

    def test_rolled_back(self) -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.insert(models.MARKS).values(
                name='a', value='b', at=cases.START))
            raise KeyError

        self.assertRaises(KeyError, self.database.write, work)
        self.assertIsNone(marks.get(self.database, 'a'))

    def test_read_changes_nothing(self) -> None:
        self.database.read(lambda connection: connection.execute(
            sa.insert(models.MARKS).values(name='a', value='b',
                                           at=cases.START)))
        self.assertIsNone(marks.get(self.database, 'a'))

    def test_tried_again(self) -> None:
        failures = [db_exception.DBDeadlock(),
                    db_exception.DBConnectionError(),
                    db_exception.DBError(sqlite3.OperationalError('full'))]

        def work(connection: sa.Connection) -> str:
            if failures:
                raise failures.pop()
            return 'done'

        self.assertEqual('done', self.database.write(work))
        self.assertEqual([], failures)

    def test_given_up(self) -> None:
        tried = []

        def work(connection: sa.Connection) -> None:
            tried.append(1)
            raise db_exception.DBConnectionError(
                sqlite3.OperationalError('away'))

        database = self.open(patience=0)
        error = self.assertRaises(errors.WorkerDatabaseError, database.read,
                                  work)
        self.assertEqual([1], tried)
        self.assertIn('DBConnectionError', str(error))

    def test_lasting(self) -> None:
        """A statement that is wrong stays so."""
        for statement in ('select no_such_column from lifecycle_marks',
                          "insert into lifecycle_marks (name) values ('a')",
                          'this is no SQL'):
            tried = []

            def work(connection: sa.Connection) -> None:
                tried.append(1)
                connection.exec_driver_sql(statement)

            self.assertRaises(errors.WorkerDatabaseError,
                              self.database.write, work)
            self.assertEqual([1], tried)

    def test_duplicate_is_the_callers(self) -> None:
        marks.set(self.database, 'a', 'b')
        self.assertRaises(
            db_exception.DBDuplicateEntry, self.database.write,
            lambda connection: connection.execute(sa.insert(
                models.MARKS).values(name='a', value='c', at=cases.START)))

    def test_values_are_not_told(self) -> None:
        error = self.assertRaises(
            errors.WorkerDatabaseError, self.database.write,
            lambda connection: connection.execute(
                sa.text('insert into lifecycle_marks (name, value) '
                        'values (:a, :b)'), {'a': 'x', 'b': 'thesecret'}))
        for text in (str(error), error.for_operator(), repr(error.__cause__)):
            self.assertNotIn('thesecret', text)

    def test_time_zones(self) -> None:
        cet = datetime.timezone(datetime.timedelta(hours=1))
        marks.set(self.database, 'a', 'b', now=cases.START.astimezone(cet))
        found = marks.get(self.database, 'a')
        assert found is not None
        self.assertEqual((cases.START, datetime.UTC),
                         (found.at, found.at.tzinfo))
        self.assertRaises(
            errors.WorkerDatabaseError, marks.set, self.database, 'a', 'b',
            now=cases.START.replace(tzinfo=None))

    def test_database_group_is_not_ours(self) -> None:
        """Glance's replica, and its parameters of another server."""
        conf = cfg.CONF
        conf.register_opts(options.database_opts, 'database')
        for name, value in (
                ('connection', 'mysql+pymysql://glance@192.0.2.1/glance'),
                ('slave_connection', 'mysql+pymysql://ro@192.0.2.1/glance'),
                ('connection_parameters', 'charset=latin1&no=such'),
                ('mysql_sql_mode', 'NO_SUCH'), ('max_pool_size', 1),
                ('max_retries', -1), ('sqlite_synchronous', False)):
            conf.set_override(name, value, 'database')
            self.addCleanup(conf.clear_override, name, 'database')
        database = self.open()
        marks.set(database, 'a', 'b')
        found = marks.get(database, 'a')
        self.assertEqual('b', found and found.value)


class SqliteTest(cases.DatabaseTestCase):

    def test_locked(self) -> None:
        """Longer than SQLite itself waits."""
        path = self.database.url.database
        assert path is not None
        other = sqlite3.connect(path, check_same_thread=False)
        self.addCleanup(other.close)
        other.execute('begin immediate')
        impatient = self.open(url=f'sqlite:///{path}?timeout=0.01')
        release = threading.Timer(0.3, other.rollback)
        release.start()
        marks.set(impatient, 'a', 'b')
        release.join()
        self.assertIsNotNone(marks.get(impatient, 'a'))


class UrlTest(cases.DatabaseTestCase):

    def test_characters(self) -> None:
        for text in ('mysql+pymysql://h/d?charset=utf8&a=b',
                     'mysql+pymysql://h/d?a=b', 'mariadb+pymysql://h/d?a=b'):
            self.assertEqual({'charset': 'utf8mb4', 'a': 'b'}, dict(
                engine.Database(text).url.query))

    def test_not_a_url(self) -> None:
        error = self.assertRaises(exceptions.ConfigurationError,
                                  engine.Database, 'mysql:thesecret')
        self.assertNotIn('thesecret', error.for_operator())

    def test_no_driver(self) -> None:
        for url, module, extra in (
                ('mysql+pymysql://h/d', 'pymysql', 'glance-lifecycle[mysql]'),
                ('postgresql+psycopg://u:thesecret@h/d', 'psycopg',
                 'glance-lifecycle[postgresql]'),
                ('mysql+mysqldb://h/d', 'MySQLdb', 'Install it')):
            # Nothing says more surely that there is no such module.
            with mock.patch.dict(sys.modules, {module: None}):
                error = self.assertRaises(exceptions.ConfigurationError,
                                          engine.Database, url)
            said = error.for_operator()
            self.assertIn('module %s, which is missing' % module, said)
            self.assertIn(extra, said)
            self.assertNotIn('thesecret', said)

    def test_unknown(self) -> None:
        error = self.assertRaises(
            exceptions.ConfigurationError, engine.Database,
            'nosuch+driver://u:thesecret@h/d')
        self.assertIn('nosuch+driver', error.for_operator())
        self.assertNotIn('thesecret', error.for_operator())
