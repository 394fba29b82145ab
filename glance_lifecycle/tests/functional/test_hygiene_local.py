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

"""What a real Glance leaves on its host beside the stores."""

import hashlib
import os
import pathlib
import subprocess

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import import_gates
from glance_lifecycle.tests.functional import hygiene_case
from glance_lifecycle.tests.functional import kill_case
from glance_lifecycle.tests import waiting

STRANGER = hygiene_case.STRANGER


class LocalCase(hygiene_case.HygieneCase):

    def at(self, place: str, *argv: str, code: int) -> dict[str, list[str]]:
        """Code -> images, of what is found in one place."""
        return self.about(self.found('--store', place, *argv, code=code))


class StagingTest(LocalCase):

    def test_deleted_while_it_was_away(self) -> None:
        self.new_image(b'x')
        image_id = self.staged(self.admin, b's' * 5000, 'raw')
        away = self.work / 'away'
        self.api.staging.rename(away)
        self.admin.delete(image_id)
        self.assertEqual({}, self.at('staging', code=0))
        away.rename(self.api.staging)
        path = self.api.staging / image_id
        row = self.only(self.found(code=4), 'GLC120')
        self.assertEqual(
            ('warning', 'staging', str(path), image_id),
            (row['Severity'], row['Store'], row['Object'], row['Image']))
        self.assertLessEqual(5000, row['Bytes'])
        self.assertIn('The image is deleted.', row['Evidence'])
        self.assertIn('It has 5000 bytes', row['Evidence'])
        # By default it is too young.
        answer = self.hygiene('--store', 'staging')
        self.assertEqual((0, []), (answer.code, answer.json), str(answer))
        self.assertIn('Place staging: 1 objects, ', answer.stderr)
        # What its remedy says is true.
        self.api.restart()
        waiting.until('Glance has cleaned', lambda: not path.exists())
        self.assertEqual({}, self.at('staging', code=0))

    def test_nobody_says_what_this_host_is(self) -> None:
        """The defaults of Glance, in a process that has loaded no API."""
        path = self.api.without_self_reference()
        (self.api.staging / STRANGER).write_bytes(b'b')
        operator = self.operator()
        answer = operator.end(operator.popen(
            'image', 'lifecycle', 'hygiene', 'list', *self.at_once,
            '--config-file', str(path), '--store', 'staging', '-f', 'json'))
        self.assertIn('Place staging: 1 objects, ', answer.stderr)
        self.assertEqual([STRANGER], [row['Image'] for row in answer.json])

    def test_waiting(self) -> None:
        """Staged, and never imported: it is its owner's."""
        image_id = self.staged(self.admin, b's' * 5000, 'raw')
        self.assertEqual({'GLC120': [image_id]}, self.at('staging', code=4))
        self.assertEqual({}, self.about(self.hygiene().json))
        # As Glance has it, where several hosts have one directory.
        self.api.sql("update image_properties set value = "
                     "'http://other:9292' where name = "
                     "'os_glance_stage_host'")
        row = self.only(self.found('--store', 'staging', code=3), 'GLC127')
        self.assertIn('http://other:9292', row['Evidence'])

    def test_left_by_copy_image(self) -> None:
        """As a glance-api leaves it that was killed: nobody removes it."""
        image_id = self.new_image(b'a' * 5000)
        path = self.api.staging / image_id
        path.write_bytes(b'a' * 5000)
        (self.api.staging / STRANGER).write_bytes(b'b')
        (self.api.staging / 'README').write_bytes(b'c')
        (self.api.staging / '0f0e0d0c-0b0a-4908-8706-050403020109'
         ).symlink_to('/etc/passwd')
        self.assertEqual({'GLC120': sorted((image_id, STRANGER))},
                         self.at('staging', code=4))
        with path.open('rb'):
            self.assertEqual({'GLC120': [STRANGER]},
                             self.at('staging', code=4))
        for property_ in ('os_glance_import_task',
                          'os_glance_importing_to_stores'):
            self.api.sql(
                "insert into image_properties (image_id, name, value, "
                "created_at, deleted) values ('%s', '%s', 's2', "
                "'2020-01-01', 0)" % (image_id, property_))
            self.assertEqual({'GLC120': [STRANGER]},
                             self.at('staging', code=4))
            self.api.sql("delete from image_properties where name = '%s'"
                         % property_)
        self.assertEqual({'GLC120': sorted((image_id, STRANGER))},
                         self.at('staging', code=4))

    def test_tasks(self) -> None:
        self.new_image(b'x')
        tasks = self.api.base / 'tasks'
        (tasks / STRANGER).write_bytes(b'x' * 5000)
        running = tasks / ('running-task-' + STRANGER)
        running.touch()
        rows = self.found('--store', 'tasks', code=4)
        self.assertEqual([str(tasks / STRANGER), str(running)], sorted(
            row['Object'] for row in rows))
        self.assertEqual({'GLC121'}, {row['Code'] for row in rows})
        self.api.sql(
            "insert into tasks (id, type, status, owner, image_id, user_id, "
            "request_id, deleted, created_at, updated_at) values ('%s', "
            "'location_import', 'processing', 'x', 'x', 'x', 'x', 0, "
            "'2020-01-01', '2020-01-01')" % STRANGER)
        # Half of a task is none: Glance itself cannot read it.
        self.found('--store', 'tasks', code=4)
        self.api.sql("insert into task_info (task_id, input) values "
                     "('%s', '{}')" % STRANGER)
        rows = self.found('--store', 'tasks', code=4)
        self.assertEqual([str(tasks / STRANGER)],
                         [row['Object'] for row in rows])


class LiveTest(LocalCase):

    def new_glance(self) -> glance.GlanceApi:
        self.gates = self.useFixture(import_gates.ImportGates(
            import_gates.GLANCE_API))
        return self.new_api(python_path=[self.gates.path])

    def test_import(self) -> None:
        """Nothing of one that runs is stale, at no step."""
        for point in ('VerifySource', 'Transfer', 'Attest', 'Seal'):
            self.gates.close(point)
            image_id = self.staged(self.admin, b'i' * 100000, 'raw')
            self.admin.import_image(image_id)
            self.gates.wait(point)
            self.assertTrue((self.api.staging / image_id).exists())
            for place in ('staging', 'state_dir'):
                self.assertEqual({}, self.at(place, code=0))
            self.gates.open(point)
            self.admin.wait_import(image_id)
        self.assertEqual([], self.found(code=0))


class KilledTest(kill_case.KillTestCase, LocalCase):

    def new_glance(self) -> glance.GlanceApi:
        return self.new_api()

    def test_journal(self) -> None:
        image_id = self.staged(self.admin, self.noise(), 'raw')
        self.admin.import_image(image_id)
        self.kill_both(self.api, 's1')
        row = self.only(self.found('--store', 'state_dir', code=4), 'GLC124')
        self.assertEqual((image_id, 'state_dir'),
                         (row['Image'], row['Store']))
        self.assertIn('nobody has recovered it', row['Evidence'])
        # As long as it waits to be recovered, what was staged is needed.
        self.assertEqual({}, self.at('staging', code=0))
        self.api.start()
        self.assertEqual([image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assertEqual({}, self.at('state_dir', code=0))


class StateTest(LocalCase):

    def test_records_and_locks(self) -> None:
        kept, gone = self.new_images(2)
        for image_id in (kept, gone):
            self.run_store('verify', image_id)
        self.admin.delete(gone)
        workers = self.api.state_dir / 'workers'
        workers.mkdir()
        (workers / STRANGER).touch()
        rows = self.found('--store', 'state_dir', code=0)
        self.assertEqual({'GLC123': [STRANGER], 'GLC125': [gone]},
                         self.about(rows))
        self.assertEqual({'info'}, {row['Severity'] for row in rows})
        self.api.state_dir.chmod(0o700)
        (self.api.state_dir / 'verified').rename(self.work / 'verified')
        (self.api.state_dir / 'verified').symlink_to(self.work / 'verified')
        row = self.only(self.found('--store', 'state_dir', code=3), 'GLC128')
        self.assertIn('cannot be listed', row['Evidence'])


class CacheTest(LocalCase):

    def new_glance(self) -> glance.GlanceApi:
        api = self.useFixture(glance.GlanceApi(autostart=False))
        self.cache = api.base / 'cache'
        api.configure(DEFAULT={'image_cache_dir': self.cache,
                               'image_cache_driver': 'sqlite',
                               'image_cache_stall_time': 0})
        paste = api.etc / 'glance-api-paste.ini'
        paste.write_text(paste.read_text().replace(
            ' context rootapp', ' context cache rootapp') + (
                '[filter:cache]\npaste.filter_factory = '
                'glance.api.middleware.cache:CacheFilter.factory\n'))
        api.start()
        return api

    def fetched(self) -> str:
        image_id = self.new_image(b'c' * 100_000)
        got = self.admin.request('GET', f'images/{image_id}/file').content
        self.assertEqual(100_000, len(got))
        waiting.until('it is cached',
                      lambda: (self.cache / image_id).exists())
        return image_id

    def test_cache(self) -> None:
        kept, gone = self.fetched(), self.fetched()
        self.assertEqual({}, self.at('cache', code=0))
        # As another glance-api does, or one whose cache was away.
        away = self.work / 'away'
        (self.cache / gone).rename(away)
        self.admin.delete(gone)
        away.rename(self.cache / gone)
        (self.cache / 'queue' / gone).touch()
        (self.cache / 'invalid' / kept).write_bytes(b'x')
        writing = self.cache / 'incomplete' / kept
        with writing.open('wb'):
            rows = self.found('--store', 'cache', code=4)
            self.assertEqual({'GLC122': sorted((gone, gone, kept))},
                             self.about(rows))
        self.assertEqual({'GLC122': sorted((gone, gone, kept, kept))},
                         self.at('cache', code=4))
        done = self.api.run('glance-cache-cleaner')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual({'GLC122': [gone, gone]}, self.at('cache', code=4))


class NovaTest(LocalCase):

    def base_file(self, image_id: str) -> pathlib.Path:
        path = self.root / '_base' / hashlib.sha1(
            image_id.encode()).hexdigest()
        path.write_bytes(b'b' * 100_000)
        os.utime(path, (1_000_000_000,) * 2)
        return path

    def test_nova(self) -> None:
        self.root = self.work / 'instances'
        (self.root / '_base').mkdir(parents=True)
        kept, gone, used = self.new_images()
        self.base_file(kept)
        path = self.base_file(gone)
        (self.root / 'server').mkdir()
        disk = self.root / 'server/disk'
        subprocess.run(
            ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b',
             str(self.base_file(used)), str(disk), '1M'], check=True)
        for image_id in (gone, used):
            self.admin.delete(image_id)
        base = '--nova-base', str(self.root / '_base')
        row = self.only(self.found(*base, code=4), 'GLC126')
        self.assertEqual((gone, str(path), 'nova'),
                         (row['Image'], row['Object'], row['Store']))
        self.assertIn('Nova itself removes it', row['Remedy'])
        conf = self.work / 'nova.conf'
        conf.write_text('[DEFAULT]\ninstances_path = %s\n' % self.root)
        self.assertEqual({'GLC126': [gone]}, self.at(
            'nova', '--nova-conf', str(conf), code=4))
        # A disk that nobody can read may need it.
        disk.write_bytes(disk.read_bytes()[:50])
        self.assertEqual({'GLC127': sorted((gone, used))},
                         self.at('nova', *base, code=3))
        answer = self.hygiene('--store', 'nova')
        self.assertEqual(1, answer.code)
        self.assertIn('--nova-base', answer.stderr)


class ShowTest(LocalCase):

    def test_show(self) -> None:
        for words in (('hygiene', 'show'), ('doctor', 'explain')):
            answer = self.operator().spawn(
                'image', 'lifecycle', *words, 'glc120')
            self.assertEqual(0, answer.code, str(answer))
            self.assertIn('Name: stale-staging-file.', answer.stdout)
        answer = self.operator().spawn('image', 'lifecycle', 'hygiene', 'show')
        for code in ('GLC020', 'GLC128'):
            self.assertIn(code, answer.stdout)
