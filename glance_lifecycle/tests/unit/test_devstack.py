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

"""The plugin for DevStack: all of its phases, with stand-ins for DevStack.

What it writes, and what it has done, is compared with files in
``devstack_data/golden``.
After a change that is meant, write these anew and look at the difference::

    python -m glance_lifecycle.tests.unit.test_devstack
"""

import copy
import os
import pathlib
import shutil
import tempfile
import unittest

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle.conf import protection
from glance_lifecycle.conf import worker
from glance_lifecycle.policy import document
from glance_lifecycle.tests.unit import devstack_case as devstack

GOLDEN = devstack.DATA / 'golden'


class GoldenTest(unittest.TestCase):
    """What is written and done, and that the real package can read it."""

    maxDiff = None

    def _check(self, variant: str) -> None:
        with devstack.stacked(variant) as machine:
            self.assertEqual((GOLDEN / variant).read_text(),
                             machine.shown())
            self._check_options(machine)
            self._check_policy(machine)

    def _check_options(self, machine: devstack.Machine) -> None:
        """Names and types are those of the package's options."""
        for path in (machine.api_conf, machine.worker_conf):
            if not path.exists():
                continue
            conf = cfg.ConfigOpts()
            opts.register_opts(conf)
            for group, options in [*protection.list_auth(),
                                   *worker.list_auth()]:
                for option in options:
                    # Each file has one of the two groups.
                    option = copy.copy(option)
                    option.required = False
                    conf.register_opt(option, group=group)
            conf(['--config-file', str(path)])
            sections: dict[str, dict[str, list[str]]] = {}
            cfg.ConfigParser(str(path), sections).parse()
            for section, found in sections.items():
                if section.startswith('lifecycle'):
                    for name in found:
                        # An unknown name is an AttributeError, and a wrong
                        # value a ValueError.
                        self.assertIsNotNone(conf[section][name])

    def _check_policy(self, machine: devstack.Machine) -> None:
        loaded = document.load(
            (machine.etc / 'lifecycle-policy.yaml').read_bytes())
        rules = {rule.name: rule.wants for rule in loaded.rules}
        conf = cfg.ConfigOpts()
        conf.register_opt(cfg.DictOpt('enabled_backends'))
        conf(['--config-file', str(machine.api_conf)])
        if conf.enabled_backends:
            self.assertEqual(set(conf.enabled_backends),
                             set(rules['everywhere']['place']['stores']))
        else:
            self.assertNotIn('everywhere', rules)
        self.assertEqual(True, rules['golden']['protect']['protected'])

    def test_plain(self) -> None:
        self._check('plain')

    def test_ceph(self) -> None:
        self._check('ceph')

    def test_barbican(self) -> None:
        self._check('barbican')

    def test_no_worker(self) -> None:
        self._check('no-worker')

    def test_offload(self) -> None:
        self._check('offload')

    def test_one_store(self) -> None:
        self._check('one-store')

    def test_no_glance(self) -> None:
        """A host with nova-compute alone is left alone."""
        with devstack.stacked('no-glance') as machine:
            self.assertEqual((GOLDEN / 'no-glance').read_text(),
                             machine.shown())

    def test_all_are_compared(self) -> None:
        self.assertEqual(devstack.VARIANTS.keys(), set(os.listdir(GOLDEN)))


class AgainTest(unittest.TestCase):

    maxDiff = None

    def test_stack_twice(self) -> None:
        for variant in ('plain', 'ceph', 'offload'):
            with self.subTest(variant), devstack.stacked(variant) as machine:
                once = machine.files(), machine.files('opt')
                calls = machine.calls()
                machine.must_run('stack')
                self.assertEqual(once, (machine.files(), machine.files('opt')))
                # But the key of the first time is kept.
                again = machine.calls().removeprefix(calls).splitlines()
                self.assertEqual(
                    [line for line in calls.splitlines()
                     if not line.startswith('openssl')], again)

    def test_less_settings(self) -> None:
        """What the second run does not ask for is gone."""
        with devstack.stacked('plain') as machine:
            devstack.Machine(machine.top, 'one-store').must_run('stack')
            found = devstack.sections(machine.api_conf)
            self.assertNotIn('property_protection_file', found['DEFAULT'])
            self.assertNotIn('lifecycle_protection', found)
            self.assertNotIn('fast', found)
            self.assertNotIn('non_inheritable', (
                machine.top / 'etc/nova/nova.conf').read_text())
            self.assertEqual([], sorted(
                path.name for path in machine.etc.rglob('*protection*')))

    def test_other_settings(self) -> None:
        """Nothing of the first run is left by the second."""
        with devstack.stacked('offload') as machine, (
                devstack.stacked('plain')) as other:
            again = devstack.Machine(machine.top, 'plain')
            again.must_run('stack')
            wanted, found = (
                {part.strip() for part in one.files()[
                    'glance/glance-api.conf'].split('\n\n')
                 if part.startswith(('[lifecycle', '[key_manager'))}
                for one in (other, again))
            self.assertEqual(wanted, found)
            self.assertEqual(6, len(found))
            self.assertEqual(other.files()['glance/' + other.worker_conf.name],
                             again.files()['glance/' + other.worker_conf.name])

    def test_clean(self) -> None:
        for variant in devstack.VARIANTS:
            times = 2 if variant == 'plain' else 1
            with self.subTest(variant), (
                    devstack.stacked(variant, times)) as machine:
                machine.must_run('unstack')
                machine.must_run('clean')
                self.assertEqual(machine.files('stock'), machine.files())
                left = {path.relative_to(machine.top).as_posix()
                        for path in machine.top.rglob('*') if path.is_dir()}
                self.assertEqual(set(), {
                    name for name in left if 'lifecycle' in name
                    or name.startswith(('opt/data/glance/',
                                        'etc/glance/'))})

    def test_clean_leaves_what_others_did(self) -> None:
        with devstack.stacked('ceph') as machine:
            imports = machine.etc / 'glance-image-import.conf'
            imports.write_text(imports.read_text().replace(
                '[lifecycle]', '[lifecycle, of_others]'))
            api = machine.api_conf.read_text()
            machine.api_conf.write_text(api.replace(
                'slow:file', 'slow:file,theirs:http').replace(
                '[slow]\n', '[slow]\nfilesystem_store_chunk_size = 1\n')
                + '\n[theirs]\nhttps_insecure = True\n')
            (machine.etc / 'policy.d' / 'theirs.yaml').write_text('{}\n')
            machine.must_run('clean')
            left = devstack.sections(machine.api_conf)
            self.assertEqual(
                ['robust_rbd:rbd,fast:file,slow:file,theirs:http'],
                left['DEFAULT']['enabled_backends'])
            self.assertEqual({'https_insecure': ['True']}, left['theirs'])
            self.assertNotIn('\n\n\n', machine.api_conf.read_text())
            self.assertEqual({'filesystem_store_chunk_size': ['1']},
                             left['slow'])
            self.assertNotIn('fast', left)
            self.assertEqual(['[of_others]'], devstack.sections(imports)[
                'image_import_opts']['image_import_plugins'])
            self.assertEqual(['theirs.yaml'],
                             os.listdir(machine.etc / 'policy.d'))

    def test_clean_without_stack(self) -> None:
        with tempfile.TemporaryDirectory() as top:
            machine = devstack.Machine(pathlib.Path(top), 'plain')
            machine.must_run('unstack')
            machine.must_run('clean')
            self.assertEqual({}, machine.files())


def main() -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir()
    for variant in devstack.VARIANTS:
        with devstack.stacked(variant) as machine:
            (GOLDEN / variant).write_text(machine.shown())


if __name__ == '__main__':
    main()
