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

"""A database that hiccups ends no import, and nothing is written twice."""

import contextlib
import os
import signal
import socket
import threading

import fixtures
import sqlalchemy as sa
import yaml

from glance_lifecycle.tests.functional.fixtures import gate
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import ports
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import test_foreign_objects
from glance_lifecycle.tests.functional import test_notifications

RULES = [{'name': 'all', 'metadata': {'set_tags': ['approved'],
                                      'set_properties': {'class': 'gold'}}}]

# A server error that Galera gives at any statement, some times over. What a
# trigger counts in is of an engine without transactions, or the count would
# be rolled back with the statement.
_DEADLOCKS = '''
create trigger deadlock_%(table)s before %(event)s on %(table)s for each row
begin
  if %(when)s and (select n from deadlocks) > 0 then
    update deadlocks set n = n - 1;
    signal sqlstate '40001' set mysql_errno = 1213, message_text =
      'Deadlock found when trying to get lock; try restarting transaction';
  end if;
end'''


class LostAnswer(fixtures.Fixture):
    """Between Glance and MariaDB; loses the answer to one commit.

    That of the transaction in which ``marker`` was said. After setUp:
    ``port``; ``lost`` is set once it did.
    """

    def __init__(self, server: int, marker: bytes) -> None:
        super().__init__()
        self._server = server
        self._marker = marker
        self.lost = threading.Event()

    def _setUp(self) -> None:
        self.port = self.useFixture(ports.Port()).number
        self._listener = socket.create_server(('127.0.0.1', self.port))
        self.addCleanup(self._listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(('127.0.0.1', self._server))
            losing = threading.Event()
            for work in (self._ask, self._answer):
                threading.Thread(target=work, daemon=True,
                                 args=(client, server, losing)).start()

    def _ask(self, client: socket.socket, server: socket.socket,
             losing: threading.Event) -> None:
        marked = False
        try:
            while data := client.recv(65536):
                marked = marked or self._marker in data
                if b'COMMIT' in data and marked and not self.lost.is_set():
                    losing.set()
                    self.lost.set()
                server.sendall(data)
        except OSError:
            pass
        _end(server)

    def _answer(self, client: socket.socket, server: socket.socket,
                losing: threading.Event) -> None:
        try:
            while data := server.recv(65536):
                if losing.is_set():
                    # It has committed, or it would not have answered.
                    break
                client.sendall(data)
        except OSError:
            pass
        _end(client)


def _end(one: socket.socket) -> None:
    """Closing it would do nothing while another thread reads from it."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


class DatabaseTestCase(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.policy.write_text(yaml.safe_dump(
            {'version': 1, 'rules': RULES}))
        self.source = self.noise()
        self.expected = images.digests(self.source)
        self.kept: list[str] = []

    def conf(self, **lifecycle: object) -> dict[str, dict[str, object]]:
        return {'lifecycle': {'policy_file': self.policy, **lifecycle},
                'lifecycle_transfer': {'progress_interval': 1, 'nice': 0},
                'oslo_messaging_notifications': {'driver': 'log'}}

    def begin(self, api: glance.GlanceApi, disk_format: str = 'raw'
              ) -> tuple[str, int]:
        """An import to all stores that stands still: image and child."""
        image_id = self.staged(api.user(), self.source, disk_format)
        api.user().import_image(image_id, all_stores=True)
        child = transfer.find(api)
        os.kill(child, signal.SIGSTOP)
        return image_id, child

    def wait_logged(self, api: glance.GlanceApi, text: str) -> None:
        transfer.until('the log says: ' + text,
                       lambda: text in api.log_text())

    def wait_written(self, api: glance.GlanceApi, image_id: str) -> None:
        transfer.until('all copies are there', lambda: all(
            api.stored_copy(image_id, store).exists()
            for store in plugin_case.ALL))

    def check(self, api: glance.GlanceApi, image_id: str) -> None:
        """Active, and told of and written once."""
        image = api.user().wait_import(image_id)
        self.assert_stored(api, image, self.expected, *plugin_case.ALL)
        self.assertEqual('success', api.user().tasks(image_id)[0]['status'])
        self.assertEqual((['approved'], 'gold'),
                         (image['tags'], image['class']))
        self.assert_lists(image)
        self.assertEqual(3, len(image['locations']))
        told = [name for name, it in test_notifications.events(api)
                if it['id'] == image_id]
        self.assertEqual((3, 3, 1), tuple(map(told.count, (
            'image.prepare', 'image.upload', 'image.activate'))))
        self.kept.append(image_id)
        self.assert_nothing_left(api, *self.kept)


class MariaDbTest(DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.server = self.useFixture(mariadb.MariaDb())
        self.url = self.server.database()

    def test_stopped_in_mid_transfer(self) -> None:
        api = self.new_api(conf=self.conf(), database=self.url)
        image_id, child = self.begin(api)
        self.server.stop()
        with transfer.Throttle(child):
            self.wait_logged(api, 'cannot be shown now')
        self.wait_written(api, image_id)
        self.wait_logged(api, 'is tried again for 60 s')
        # A fail-over of twenty seconds, most of it while Seal waits.
        self.server.start_after(20)
        self.check(api, image_id)

    def test_killed_between_commit_and_seal(self) -> None:
        api = self.new_api(conf=self.conf(), database=self.url)
        image_id, child = self.begin(api)
        other = self.server.connect(self.url)
        other.execute(sa.text('update images set min_ram = 0, '
                              'updated_at = now() where id = :id'),
                      {'id': image_id})
        os.kill(child, signal.SIGCONT)
        self.wait_written(api, image_id)
        self.server.wait_for_waiting(self.url)
        self.server.kill9()
        self.wait_logged(api, 'is tried again for 60 s')
        self.server.start()
        self.check(api, image_id)

    def test_deadlocks(self) -> None:
        """At the statements that Glance tries again, and at those it does
        not; and at Galera's, where all of a transaction is gone.
        """
        api = self.new_api(conf=self.conf(), database=self.url)
        for table, event, when, count in (
                ('images', 'update', "new.status = 'active' and "
                 "old.status = 'importing'", 2),
                ('image_locations', 'insert', 'true', 2),
                ('image_tags', 'insert', "new.value = 'approved'", 3),
                ('image_properties', 'update',
                 "new.name = 'os_glance_importing_to_stores'", 2)):
            with self.subTest(table=table):
                self.run_sql(
                    'create table deadlocks (n int) engine=MyISAM',
                    'insert into deadlocks values (%d)' % count,
                    _DEADLOCKS % {'table': table, 'event': event,
                                  'when': when})
                image_id, child = self.begin(api)
                os.kill(child, signal.SIGCONT)
                self.check(api, image_id)
                (left,), = self.run_sql('select n from deadlocks')
                self.assertEqual(0, left)
                self.run_sql('drop trigger deadlock_%s' % table,
                             'drop table deadlocks')

    def run_sql(self, *statements: str) -> list[tuple[object, ...]]:
        connection = self.server.connect(self.url)
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            if result.returns_rows:
                rows = [tuple(row) for row in result]
        connection.commit()
        return rows

    def test_answer_of_the_commit_lost(self) -> None:
        """It is active; the second attempt sees that, and adds nothing."""
        net = self.useFixture(LostAnswer(self.server.port,
                                         b"status='active'"))
        api = self.new_api(conf=self.conf(), database=self.url.replace(
            ':%d/' % self.server.port, ':%d/' % net.port))
        image_id, child = self.begin(api)
        os.kill(child, signal.SIGCONT)
        self.check(api, image_id)
        self.assertTrue(net.lost.is_set())
        self.wait_logged(api, 'is tried again for 60 s')

    def test_stopped_before_any_work(self) -> None:
        """What is asked and announced first waits as well."""
        here = self.useFixture(gate.Gate())
        conf = self.conf()
        conf['DEFAULT'] = {'user_storage_quota': '100GB'}
        api = self.new_api(conf=conf, database=self.url,
                           plugins=['gate', 'lifecycle'],
                           python_path=[here.path])
        image_id = self.staged(api.user(), self.source, 'raw')
        api.user().import_image(image_id, all_stores=True)
        here.wait()
        self.server.stop()
        here.open()
        self.wait_logged(api, 'is tried again for 60 s')
        self.server.start()
        self.check(api, image_id)

    def test_stopped_while_it_is_undone(self) -> None:
        api = self.new_api(conf=self.conf(), database=self.url)
        image_id, child = self.begin(api)
        self.server.stop()
        os.kill(child, signal.SIGKILL)
        self.wait_logged(api, 'is tried again for 60 s')
        self.server.start()
        self.check_given_back(api, image_id, 'uploading',
                              'its process was killed',
                              f'staging/{image_id}')

    def test_stopped_while_it_is_refused(self) -> None:
        self.source = test_foreign_objects.bad_cluster(self.work / 'bad')
        api = self.new_api(conf=self.conf(), database=self.url)
        image_id, child = self.begin(api, 'qcow2')
        self.server.stop()
        os.kill(child, signal.SIGCONT)
        self.wait_logged(api, 'is tried again for 60 s')
        self.server.start()
        self.check_given_back(api, image_id, 'queued',
                              '(bad-compressed-data)')

    def check_given_back(self, api: glance.GlanceApi, image_id: str,
                         status: str, said: str, *left: str) -> None:
        image = api.user().wait_import(image_id)
        transfer.until('nothing else is left',
                       lambda: api.leftovers() == [*left])
        self.assertEqual(status, image['status'])
        self.assertIn(said, self.message(api.user(), image_id))
        self.assert_lists(image, failed=plugin_case.ALL)

    def test_does_not_come_back(self) -> None:
        """Nothing is lost for that: recovery has the rest."""
        api = self.new_api(conf=self.conf(database_patience=1),
                           database=self.url)
        image_id, child = self.begin(api)
        self.server.stop()
        os.kill(child, signal.SIGCONT)
        self.wait_logged(api, 'the database failed for good')
        self.server.start()
        api.kill9()
        api.start()
        self.recover(api)
        user = api.user()
        self.assertEqual('uploading', user.get(image_id)['status'])
        self.assertEqual([f'staging/{image_id}'], api.leftovers())
        user.import_image(image_id, all_stores=True)
        self.assert_stored(api, user.wait_import(image_id), self.expected,
                           *plugin_case.ALL)


class SqliteTest(DatabaseTestCase):

    def test_locked(self) -> None:
        api = self.new_api(conf=self.conf(), autostart=False)
        api.configure(database={
            'connection': f'sqlite:///{api.base}/glance.sqlite?timeout=1'})
        api.start()
        image_id, child = self.begin(api)
        with api.database_locked():
            with transfer.Throttle(child):
                self.wait_logged(api, 'cannot be shown now')
            self.wait_written(api, image_id)
            self.wait_logged(api, 'is tried again for 60 s')
        self.check(api, image_id)
