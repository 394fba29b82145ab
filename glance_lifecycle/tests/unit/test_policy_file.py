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


"""The document in force, while its file changes."""

import os
import pathlib
import tempfile
import threading
import time
from typing import Any
import unittest

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle import policy_file

FACTS = decision.Facts('qcow2', 'bare', 1, 1)


class PolicyFileTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'policy.yaml')
        self.file = policy_file.PolicyFile(str(self.path))
        self.clock = 1_000_000_000

    def write(self, rule: str, *, text: str = '') -> None:
        """Long ago, and each time later."""
        self.path.write_text(text or (
            'version: 1\nrules: [{name: %s, cache: {keep: true}}]' % rule))
        self.clock += 1
        os.utime(self.path, (self.clock, self.clock))

    def rule(self) -> str:
        return self.file.policy().decide(FACTS).rules['cache']

    def logged(self, action: Any, level: str = 'ERROR') -> str:
        with self.assertLogs('glance_lifecycle.policy_file', level) as logs:
            action()
        return '\n'.join(logs.output)

    def test_change(self) -> None:
        self.write('a')
        self.assertEqual('a', self.rule())
        self.assertIs(self.file.policy(), self.file.policy())
        self.write('b')
        self.assertEqual('b', self.rule())

    def test_same_size_and_time(self) -> None:
        """Only the inode tells: renamed over it, as editors do."""
        self.write('a')
        self.assertEqual('a', self.rule())
        other = self.path.with_suffix('.new')
        other.write_text(self.path.read_text().replace('a,', 'b,'))
        os.utime(other, (self.clock, self.clock))
        other.rename(self.path)
        self.assertEqual('b', self.rule())

    def test_broken_change(self) -> None:
        self.write('a')
        self.rule()
        digest = self.file.policy().digest
        self.write('', text='version: 1\nrules: [{nam: b}]\nx: y')
        said = self.logged(self.rule)
        for part in (str(self.path), digest, 'STAYS IN FORCE',
                     'line 2, column 9', 'line 2, column 10',
                     'line 3, column 1'):
            self.assertIn(part, said)
        self.assertEqual('a', self.rule())
        self.assertIn('did you mean name', str(self.file.broken))
        # Once for each change, not for each use.
        with self.assertNoLogs('glance_lifecycle.policy_file', 'ERROR'):
            self.rule()
        self.write('', text='version: 3')
        self.assertIn('3 is not 1', self.logged(self.rule))
        self.assertEqual('a', self.rule())
        self.write('c')
        self.assertIn('is in force: 1 rules', self.logged(self.rule, 'INFO'))
        self.assertEqual('c', self.rule())
        self.assertIsNone(self.file.broken)

    def test_removed(self) -> None:
        self.write('a')
        self.rule()
        self.path.unlink()
        self.assertIn('No such file', self.logged(self.rule))
        with self.assertNoLogs('glance_lifecycle.policy_file', 'ERROR'):
            self.assertEqual('a', self.rule())
        self.path.mkdir()
        self.assertEqual('a', self.rule())
        self.path.rmdir()
        self.write('b')
        self.assertEqual('b', self.rule())

    def test_broken_at_start(self) -> None:
        for said, text in (('cannot be read: No such file', ''),
                           ('line 1, column 10: version: 2', 'version: 2'),
                           ('the document is empty', '#')):
            if text:
                self.write('', text=text)
            with self.assertRaisesRegex(
                    exceptions.ConfigurationError, said) as caught:
                self.logged(self.rule)
            # Users read it.
            self.assertNotIn(str(self.path), str(caught.exception))
            with self.assertNoLogs('glance_lifecycle.policy_file', 'ERROR'):
                self.assertRaises(exceptions.ConfigurationError, self.rule)
        self.write('a')
        self.assertEqual('a', self.rule())

    def test_half_written(self) -> None:
        """Half a document may be a good one with fewer rules."""
        self.write('a')
        self.rule()
        self.path.write_text('version: 1\n')
        self.assertEqual('a', self.rule())
        self.assertIsNone(self.file.broken)
        past = time.time() - 2
        os.utime(self.path, (past, past))
        self.assertEqual('defaults', self.rule())
        # By the clock of another host.
        self.path.write_text(
            'version: 1\nrules: [{name: b, cache: {keep: true}}]')
        os.utime(self.path, (past + 1000, past + 1000))
        self.assertEqual('b', self.rule())

    def test_fresh_at_start(self) -> None:
        self.path.write_text('version: 1\n')
        self.assertEqual('defaults', self.rule())

    def test_not_a_file(self) -> None:
        os.mkfifo(self.path)
        self.assertRaises(exceptions.ConfigurationError, self.rule)

    def test_threads(self) -> None:
        self.write('a')
        self.rule()
        seen: set[str] = set()
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                seen.add(self.rule())
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for name in ('b', 'c', 'd'):
            self.write(name)
            self.rule()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(seen, {'a', 'b', 'c', 'd'})
        self.assertEqual('d', self.rule())


class InForceTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.conf = cfg.ConfigOpts()
        opts.register_opts(self.conf)
        self.conf([], default_config_files=[], default_config_dirs=[])
        # Groups are shared by all that register them, overrides too.
        for name in ('policy_file', 'convert', 'container_formats',
                     'max_virtual_size'):
            self.addCleanup(self.conf.clear_override, name,
                            group='lifecycle')
        self.addCleanup(self.conf.clear_override, 'required',
                        group='lifecycle_signing')

    def test_no_file(self) -> None:
        self.conf.set_override('convert', False, group='lifecycle')
        self.assertEqual(
            ('aki', 'ami', 'ari', 'bare', 'docker', 'ova'),
            policy_file.in_force(self.conf).decide(
                FACTS).require.container_formats)
        self.conf.set_override('max_virtual_size', 1, group='lifecycle')
        self.conf.set_override('container_formats', ['ova'],
                               group='lifecycle')
        self.conf.set_override('required', 'always',
                               group='lifecycle_signing')
        found = policy_file.in_force(self.conf)
        self.assertIsNone(found.document)
        self.assertEqual('', found.digest)
        decided = found.decide(FACTS)
        self.assertEqual(('qcow2', 2 ** 30, ('ova',), 'always'), (
            decided.disk_format, decided.require.max_virtual_size,
            decided.require.container_formats, decided.require.signature))
        self.assertIs(found, policy_file.in_force(self.conf))

    def test_file(self) -> None:
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('version: 1')
            file.flush()
            self.conf.set_override('policy_file', file.name,
                                   group='lifecycle')
            found = policy_file.in_force(self.conf)
            self.assertEqual(64, len(found.digest))
            self.assertIs(found, policy_file.in_force(self.conf))
            # An option that changed counts, too.
            self.conf.set_override('convert', False, group='lifecycle')
            self.assertFalse(policy_file.in_force(self.conf).defaults.convert)
