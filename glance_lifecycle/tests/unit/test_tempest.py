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

"""The tempest plugin as far as it needs no tempest, and how runs compare."""

import ast
import hashlib
import io
import os
import pathlib
import re
import tempfile

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import serialization
from oslo_config import cfg
from oslo_utils.imageutils import format_inspector
import subunit
import testtools
from testtools import content

import glance_lifecycle
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties
from glance_lifecycle.tests.tempest import results
from glance_lifecycle.tests.unit.transfer.formats.qcow2 import reading
from glance_lifecycle_tempest_plugin.common import qcow2
from glance_lifecycle_tempest_plugin.common import signing
from glance_lifecycle_tempest_plugin import config

TOP = pathlib.Path(glance_lifecycle.__file__).parents[1]
PLUGIN = pathlib.Path(config.__file__).parent

_ID = re.compile(r"idempotent_id\('([0-9a-f-]{36})'\)")

PASSED = results.Outcome('success')
FAILED = results.Outcome('fail')


def skipped(reason: str) -> results.Outcome:
    return results.Outcome(results.SKIP, reason)


class Qcow2Test(testtools.TestCase):

    def _decoded(self, image: bytes) -> bytes:
        with tempfile.TemporaryFile() as file:
            file.write(image)
            file.flush()
            return reading.decode(os.dup(file.fileno()))

    def test_decoded(self) -> None:
        cluster = qcow2.CLUSTER
        for disk in (
                b'x' * 512, bytes(512), bytes(3 * cluster) + b'y' * 1024,
                os.urandom(cluster) + bytes(cluster) + os.urandom(cluster)):
            image = qcow2.encode(disk)
            self.assertEqual(disk, self._decoded(image))
            found = self._detected(image)
            self.assertEqual(('qcow2', len(disk)),
                             (str(found), found.virtual_size))
            found.safety_check()

    def _detected(self, image: bytes) -> format_inspector.FileInspector:
        with tempfile.NamedTemporaryFile() as file:
            file.write(image)
            file.flush()
            found = format_inspector.detect_file_format(file.name)
        assert found is not None
        return found

    def test_zeros_take_no_room(self) -> None:
        self.assertEqual(5 * qcow2.CLUSTER,
                         len(qcow2.encode(bytes(qcow2.MAX_SIZE // 64))))

    def test_sizes(self) -> None:
        for wrong in (b'', b'x' * 511):
            self.assertRaises(ValueError, qcow2.encode, wrong)


class SigningTest(testtools.TestCase):

    def test_good(self) -> None:
        """What the import verifies."""
        key = rsa.generate_private_key(65537, 2048)
        with tempfile.NamedTemporaryFile() as file:
            file.write(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
            file.flush()
            made = signing.properties(file.name, 'tempest', b'bytes')
        given = properties.parse(made)
        assert given is not None
        self.assertEqual('tempest', given.certificate_id)
        self.assertTrue(algorithms.verifies(
            key.public_key(), given.signature, given.hash_method,
            hashlib.sha256(b'bytes').digest()))


class PluginTest(testtools.TestCase):
    """Of the plugin's sources."""

    def _sources(self) -> dict[str, str]:
        return {path.relative_to(PLUGIN).as_posix(): path.read_text()
                for path in PLUGIN.rglob('*.py')}

    def test_stands_by_itself(self) -> None:
        """It may move to a repository of its own."""
        for name, source in self._sources().items():
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom):
                    self.assertNotEqual('glance_lifecycle', (
                        node.module or '').split('.')[0], name)
                elif isinstance(node, ast.Import):
                    self.assertNotIn('glance_lifecycle', [
                        alias.name.split('.')[0] for alias in node.names])

    def test_every_test_has_an_id(self) -> None:
        ids: list[str] = []
        for name, source in self._sources().items():
            found = _ID.findall(source)
            self.assertEqual(source.count('    def test_'), len(found), name)
            ids += found
        self.assertTrue(ids)
        self.assertEqual(sorted(set(ids)), sorted(ids))

    def test_options_of_devstack(self) -> None:
        """What our DevStack plugin writes exists."""
        conf = cfg.ConfigOpts()
        conf.register_opts(config.LifecycleGroup, 'lifecycle')
        conf.register_opt(config.service_option, 'service_available')
        text = (TOP / 'devstack/lib/glance-lifecycle').read_text()
        written = re.findall(
            r'TEMPEST_CONFIG" (lifecycle|service_available) (\w+)', text)
        self.assertTrue(written)
        for group, name in written:
            conf[group][name]
        policy = (TOP / 'devstack/files/lifecycle-policy.yaml').read_text()
        for tag in ('everywhere_tag', 'golden_tag', 'signed_tag'):
            self.assertIn(f'tags: {conf.lifecycle[tag]}', policy)


class ReadTest(testtools.TestCase):

    def test_stream(self) -> None:
        stream = io.BytesIO()
        result = testtools.ExtendedToStreamDecorator(
            subunit.StreamResultToBytes(stream))
        result.startTestRun()
        for name, status in (('a', 'addSuccess'), ('b', 'addSkip'),
                             ('c', 'addFailure')):
            test = testtools.PlaceHolder(name)
            result.startTest(test)
            if status == 'addSkip':
                result.addSkip(test, 'No Nova.')
            elif status == 'addFailure':
                result.addFailure(test, details={
                    'traceback': content.text_content('boom')})
            else:
                result.addSuccess(test)
            result.stopTest(test)
        result.stopTestRun()
        stream.seek(0)
        self.assertEqual(
            {'a': PASSED, 'b': skipped('No Nova.'), 'c': FAILED},
            results.read(stream))

    def test_nothing(self) -> None:
        self.assertEqual({}, results.read(io.BytesIO()))


class CompareTest(testtools.TestCase):

    def test_same(self) -> None:
        run = {'a': PASSED, 'b': skipped('no')}
        self.assertEqual([], [*results.failures(run),
                              *results.differences(run, dict(run))])
        self.assertEqual('1 success, 1 skip', results.summary(run))

    def test_failures(self) -> None:
        self.assertEqual(
            ['b: fail.'],
            [*results.failures({'a': PASSED, 'b': FAILED})])
        for none in ({}, {'a': skipped('no')}):
            self.assertEqual(['No test was run.'], [*results.failures(none)])

    def test_not_skipped(self) -> None:
        self.assertEqual([], [*results.not_skipped({'a': skipped('no')})])
        self.assertEqual(
            ['a: success, and not skipped.', 'b: fail, and not skipped.'],
            [*results.not_skipped({'a': PASSED, 'b': FAILED,
                                   'c': skipped('no')})])
        self.assertEqual(['No test was found.'], [*results.not_skipped({})])

    def test_a_failure_is_no_skip(self) -> None:
        """It is told once, by failures()."""
        self.assertEqual([], [*results.differences(
            {'a': PASSED}, {'a': FAILED})])

    def test_skips(self) -> None:
        for before, after, said in (
                ({'a': PASSED}, {'a': skipped('no')},
                 'a: run with stock Glance, skipped (no) with ours.'),
                ({'a': skipped('no')}, {'a': PASSED},
                 'a: skipped (no) with stock Glance, run with ours.'),
                ({'a': skipped('no')}, {'a': skipped('never')},
                 'a: skipped (no) with stock Glance, skipped (never) with '
                 'ours.'),
                ({'a': PASSED}, {},
                 'a: run with stock Glance, absent with ours.'),
                ({}, {'a': PASSED},
                 'a: absent with stock Glance, run with ours.')):
            self.assertEqual([said], [*results.differences(before, after)])

    def test_never_run(self) -> None:
        self.assertEqual(
            ['b: always skipped (not then).'],
            [*results.never_run((
                {'a': PASSED, 'b': skipped('no'), 'c': skipped('no')},
                {'a': skipped('no'), 'b': skipped('not then'),
                 'c': PASSED}))])

    def test_never_run_class(self) -> None:
        whole = {'setUpClass (a.B)': skipped('no')}
        self.assertEqual([], [*results.never_run(
            (whole, {'a.B.test_c': PASSED}))])
        self.assertEqual(
            ['setUpClass (a.B): always skipped (no).'],
            [*results.never_run((whole, {'a.BC.test_c': PASSED}))])
