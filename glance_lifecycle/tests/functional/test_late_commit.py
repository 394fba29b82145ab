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

"""A COMMIT that is carried out after the death of the process that sent it."""

import json
import subprocess
from typing import Any

import sqlalchemy as sa

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import kill_case

_WAITS = sa.text(
    "select count(*) from information_schema.innodb_trx "
    "where trx_state = 'LOCK WAIT' and trx_query like '%FOR UPDATE%'")


class LateCommitTest(kill_case.KillTestCase):

    def test_recovery_waits(self) -> None:
        """The image becomes active while recovery is about to look.

        The transaction is the test's. It does what Seal's does, and holds the
        locks that Seal's holds until its COMMIT is over.
        """
        database = self.useFixture(mariadb.MariaDb()).database()
        engine = sa.create_engine(database)
        self.addCleanup(engine.dispose)
        api = self.new_api(database=database)
        user = api.user()
        source = self.noise(16 * images.MIB)
        image_id = self.staged(user, source, 'raw')
        user.import_image(image_id, stores=['s1'])
        child = transfer.find(api)
        with engine.connect() as late:
            with transfer.frozen(child):
                late.execute(sa.text('select id from images where id = :i '
                                     'for update'), {'i': image_id})
            copy = api.stored_copy(image_id, 's1')
            # One that is still there when its parent dies removes the copy.
            transfer.until('the transfer is over',
                           lambda: not transfer.running(child))
            self.assertTrue(copy.exists())
            api.kill9()
            self.wait_no_survivors(api)
            self.register(late, image_id, 'file://%s' % copy)
            plans = self.recover_meanwhile(api, engine, late)
        self.assertEqual([[]], [plan['undo'] for plan in plans])
        self.assertEqual(source.read_bytes(), copy.read_bytes())
        api.start()
        self.assertEqual('active', user.get(image_id)['status'])
        self.assertEqual([], self.recover(api))

    def register(self, late: sa.Connection, image_id: str,
                 url: str) -> None:
        late.execute(sa.text("update images set status = 'active', "
                             "size = :s where id = :i"),
                     {'i': image_id, 's': 16 * images.MIB})
        late.execute(sa.text(
            'insert into image_locations (image_id, value, meta_data, '
            'status, created_at, updated_at, deleted) values (:i, :u, :m, '
            "'active', now(), now(), 0)"),
            {'i': image_id, 'u': url, 'm': json.dumps({'store': 's1'})})

    def recover_meanwhile(self, api: glance.GlanceApi, engine: sa.Engine,
                          late: sa.Connection) -> list[dict[str, Any]]:
        process = subprocess.Popen(
            api.command('glance-lifecycle-manage', 'recover', '--format',
                        'json'), env=api.environ(), text=True,
            stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        # MariaDB renews its table of transactions only for who has not asked
        # for a tenth of a second.
        transfer.until('recovery waits for the row',
                       lambda: waiting(engine), interval=0.3)
        late.commit()
        answer, _ = process.communicate()
        self.assertEqual(0, process.returncode)
        plans: list[dict[str, Any]] = json.loads(answer)
        return plans


def waiting(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(_WAITS).scalar())
