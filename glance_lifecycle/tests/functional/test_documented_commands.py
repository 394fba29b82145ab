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

"""The commands of the documentation, run page by page.

With a real Glance and Keystone, its cache on, and a database of a worker; a
page begins with an image, a job that failed and one that is held. Nova and
Cinder are stand-ins, which their fixture describes.
"""

import pathlib
import shutil
import sys
import unittest

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests import pages
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration

STORES = ('s1', 's2', 'fast', 'rbd2', 'archive', 'north')

POLICY = """\
version: 1
rules:
  - name: golden
    match: {name: "golden-*"}
    protect: {protected: true}
"""

PRICES = """\
currency: EUR
stores:
  - {name: fast, cost_per_gib_month: 0.03}
  - {name: archive, cost_per_gib_month: 0.02}
"""

# Of etc/planning/cloud.yaml.
BOOTS = """\
time,consumer,host,image
2026-11-01T00:00:00Z,lab,c1,ubuntu-24.04
2026-11-28T00:00:00Z,lab,c1,ubuntu-24.04
"""

# Run by another test, or made by nothing that is here.
ELSEWHERE = {
    'doc/source/install/quickstart.rst': 'test_quickstart follows it.',
    'doc/source/install/index.rst': 'DevStack and the demo run it.',
    'glance-lifecycle-manage locations rename':
    'test_locations_rename runs it, after a store was renamed.',
    'glance-lifecycle-manage locations rewrite':
    'stores.test_locations_swift runs it, with an object store.',
    'glance-lifecycle-manage recover --by-name':
    'test_leftovers runs it, on what a dead import has left.',
    'glance-lifecycle-manage recover --forget':
    'test_leftovers runs it, on what a dead import has left.',
    'openstack image import IMAGE --method glance-direct':
    'An image that is active is not imported; test_failures runs it.',
    'openstack image lifecycle diagnose --journal':
    'test_diagnose runs it, with a journal of its own.',
    'openstack image lifecycle hygiene list --export':
    'test_hygiene_export runs it, with the certificate of another Glance.',
    'openstack image lifecycle hygiene list --nova-base':
    'test_hygiene_local runs it, with a directory as Nova has it.',
    'openstack image lifecycle migrate default-store ':
    'test_advise runs it, and test_cloud_facts on a live cloud.',
    'openstack image lifecycle migrate ':
    'worker.test_migrate runs them, with a worker that acts, and '
    'test_migrate_format those of formats.',
    'openstack image lifecycle sign ubuntu-26.04.qcow2':
    'It wants a Barbican; test_signing_barbican has one.',
}

# Beside 0; what is found by then is what the page is about.
CODES = {
    'openstack image lifecycle diagnose --symptom': (1, 3, 4),
    'openstack image lifecycle doctor': (1, 3, 4),
    'openstack image lifecycle duplicates ': (3,),
    'openstack image lifecycle signature audit': (3, 4),
    'openstack image lifecycle trace': (3,),
}

# They ask, and nobody is there to answer.
ASK = ('openstack image lifecycle store drop ',
       'openstack image lifecycle apply ',
       'openstack image lifecycle cloud show --probe ')

# Of images that were not imported.
UPLOADED = ('migration-from-image-conversion',)


PARTS = 3

_Command = tuple[str, str]


def documented() -> list[tuple[pathlib.Path, list[_Command]]]:
    """Each page that has commands, and these: where, and what."""
    found = [(page, [(block.where, command) for block in pages.blocks(page)
                     for command in pages.commands(block)])
             for page in pages.PAGES]
    return [(page, commands) for page, commands in found if commands]


def elsewhere(where: str, command: str) -> list[str]:
    return [each for each in ELSEWHERE
            if where.startswith(each) or command.startswith(each)]


class DocumentedCommandsCase(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(keystone.Keystone())
        self.useFixture(nova_cinder.NovaAndCinder(self.identity))
        self.builder = pki.signer(self.work, 'build-team')
        self.api = self.new_api(
            stores=dict.fromkeys(STORES, 'file'), identity=self.identity,
            autostart=False)
        self.identity.register('image', self.api.url)
        self.set_up_glance()
        self.set_up_files()
        self.admin = self.api.keystone_user('admin')
        self.database = engine.Database(
            f'sqlite:///{self.api.state_dir}/worker.db')
        self.addCleanup(self.database.close)
        migration.sync(self.database)
        self.openstack = openstack.OpenStack(self.api, 'admin')
        self.openstack.home = self.work
        self.openstack.more = {'OS_GLANCE_CONFIG_DIR': str(self.api.etc)}

    def set_up_glance(self) -> None:
        (self.api.etc / 'lifecycle-policy.yaml').write_text(POLICY)
        keys = self.api.etc / 'keys'
        keys.mkdir()
        for name in ('build-team', 'platform-build'):
            (keys / f'{name}.pem').write_bytes(self.builder.pem)
        self.api.configure(
            lifecycle={'policy_file': self.api.etc / 'lifecycle-policy.yaml'},
            key_manager={'backend': 'lifecycle_file'},
            lifecycle_file_key_manager={'directory': keys},
            DEFAULT={'image_cache_dir': self.api.base / 'cache'})
        self.api.start()

    def set_up_files(self) -> None:
        """Those that the pages name."""
        self.source = images.make(self.work / 'source', size=8 * images.MIB)
        shutil.copyfile(self.work / 'build-team.key',
                        self.work / 'platform-build.key')
        (self.work / 'platform-build.key').chmod(0o600)
        (self.work / 'build-team.pem').write_bytes(self.builder.pem)
        (self.work / 'image.sig').write_bytes(self.builder.sign(self.source))
        shutil.copyfile(pages.TOP / 'etc/planning/cloud.yaml',
                        self.work / 'cloud.yaml')
        (self.work / 'boots.csv').write_text(BOOTS)
        (self.work / 'prices.yaml').write_text(PRICES)
        (self.work / 'pieces').mkdir()
        for name in ('policy.yaml', 'lifecycle-policy.yaml'):
            (self.work / name).write_text(POLICY)
        for name in ('etc/api1', 'etc/api2', 'gathered/api1', 'gathered/api2'):
            shutil.copytree(self.api.etc, self.work / name)
        for name in ('api1', 'api2'):
            (self.work / name).mkdir()
            shutil.copyfile(self.api.log, self.work / name / 'glance-api.log')
        (self.work / 'gathered/policies').mkdir()
        for name in ('compute1/nova', 'compute2/nova', 'volumes/cinder'):
            path = self.work / f'gathered/{name}.conf'
            path.parent.mkdir()
            path.write_text('[DEFAULT]\ninstances_path = %s\n' % (
                self.work / 'instances'))
        (self.work / 'instances/_base').mkdir(parents=True)

    def begin(self, page: pathlib.Path) -> None:
        """What a page begins with."""
        self.image = str(self.admin.create_image(
            disk_format='qcow2', name=page.stem)['id'])
        shutil.copyfile(self.source, self.work / 'image.qcow2')
        if page.stem in UPLOADED:
            self.admin.upload(self.image, self.source)
        else:
            self.admin.stage(self.image, self.source)
            self.admin.import_image(self.image, stores=['s1', 's2', 'north'])
            self.admin.wait_import(self.image)
        self.job = self.new_job('copy')
        fence = claims.claim(self.database, self.job, 'w1')
        assert fence is not None
        claims.finish(self.database, self.job, fence, jobs.State.FAILED,
                      error='Store s2 failed: it is away.')
        self.new_job('update', held=True)

    def new_job(self, purpose: str, *, held: bool = False) -> str:
        job, _joined = jobs.open_job(self.database, jobs.Wanted(
            image_id=self.image, purpose=purpose, action={
                'kind': purpose, 'arguments': {'stores': ['s2']}},
            reason='It is not as it is wanted.'), actor='test', held=held)
        return job.id

    def here(self, command: str) -> str:
        """The same with this test's names."""
        for name, value in {
                # First, as the others may lie there.
                '/tmp/': f'{self.work}/',
                'IMAGE': self.image, 'JOB...': self.job, 'JOB': self.job,
                'NEW': 'new', '$PROJECT': self.identity.projects['demo'],
                '/etc/glance': str(self.api.etc),
                '/var/log/glance/glance-api.log': str(self.api.log),
                '/etc/nova/nova.conf': 'gathered/compute1/nova.conf',
                'http://api1:9292': self.api.url,
                'http://api2:9292': self.api.url}.items():
            command = command.replace(name, value)
        return command

    def run_command(self, command: str) -> openstack.Answer:
        argv = pages.words(command)
        if command.startswith(ASK) and '--dry-run' not in argv:
            argv.append('--yes')
        if argv[0] == 'openstack':
            answer = self.openstack.spawn(*argv[1:])
        else:
            done = self.api.execute(
                [sys.executable, f'{sys.prefix}/bin/{argv[0]}', *argv[1:]],
                self.work)
            answer = openstack.Answer(
                done.returncode, done.stdout, done.stderr)
        _before, more, path = command.partition(' > ')
        if more:
            (self.work / path).write_text(answer.stdout)
        return answer

    def run_pages(self, part: int) -> None:
        """Those of one part: all take minutes on a slow machine."""
        wrong: list[tuple[str, str, openstack.Answer]] = []
        ran: set[str] = set()
        for page, found in documented()[part::PARTS]:
            found = [each for each in found if not elsewhere(*each)]
            if found:
                self.begin(page)
            for where, command in found:
                here = self.here(command)
                # One of no image is the same on each page.
                if here in ran:
                    continue
                ran.add(here)
                answer = self.run_command(here)
                allowed = next((codes for begin, codes in CODES.items()
                                if command.startswith(begin)), ())
                if answer.code not in (0, *allowed) or (
                        'Traceback' in answer.stderr):
                    wrong.append((where, command, answer))
        self.assertEqual([], wrong, '\n\n'.join(
            '%s: %s\n%s' % each for each in wrong))
        self.assertGreater(len(ran), 20)


class FirstPagesTest(DocumentedCommandsCase):

    def test_commands(self) -> None:
        self.run_pages(0)


class SecondPagesTest(DocumentedCommandsCase):

    def test_commands(self) -> None:
        self.run_pages(1)


class ThirdPagesTest(DocumentedCommandsCase):

    def test_commands(self) -> None:
        self.run_pages(2)


class ElsewhereTest(unittest.TestCase):

    def test_all_are_documented(self) -> None:
        self.assertEqual(set(ELSEWHERE), {
            each for _page, found in documented()
            for where, command in found
            for each in elsewhere(where, command)})
