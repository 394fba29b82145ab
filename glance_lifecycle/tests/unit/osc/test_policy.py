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


"""``policy validate``, ``show`` and ``explain --file``: without a cloud."""

import argparse
import datetime
import io
import json
import pathlib
import struct
import tempfile
import types
from typing import Any
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc import drift
from glance_lifecycle.osc import policy_explain
from glance_lifecycle.osc import policy_show
from glance_lifecycle.osc import policy_validate
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import explain
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import generations

POLICY = """\
version: 1
defaults:
  require: {formats: [raw, qcow2]}
rules:
  - name: golden
    match: {project: p, signed: true}
    require: {max_virtual_size: 1 GiB}
    protect: {protected: true}
  - name: rest
    place: {stores: [fast]}
    convert: {to_raw: {if_store_is: rbd}}
"""


def qcow2(virtual_size: int) -> bytes:
    """A header is all that is looked at."""
    return struct.pack('>4sIQIIQIIQQIIQ', b'QFI\xfb', 2, 0, 0, 16,
                       virtual_size, 0, 1, 65536, 131072, 1, 0, 0
                       ).ljust(4096, b'\0')


class PolicyCommandsTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.policy = self.file('policy.yaml', POLICY.encode())
        self.image = self.file('image', qcow2(2 ** 31))

    def file(self, name: str, data: bytes) -> str:
        path = self.work / name
        path.write_bytes(data)
        return str(path)

    def rows(self, command: Any, *argv: str) -> list[tuple[Any, ...]]:
        self.command = command(types.SimpleNamespace(), None)
        parsed = self.command.get_parser('x').parse_args(argv)
        columns, rows = self.command.take_action(parsed)
        found = [tuple(row) for row in rows]
        self.assertTrue(all(len(row) == len(columns) for row in found))
        return found

    def failure(self, command: Any, *argv: str) -> str:
        with self.assertRaises(osc_exceptions.CommandError) as caught:
            self.rows(command, *argv)
        return str(caught.exception)

    def test_validate(self) -> None:
        validate = policy_validate.ValidatePolicy
        self.assertEqual([], self.rows(validate, self.policy))
        self.assertFalse(self.command.failed)
        bad = self.file('bad', b'version: 1\nrules: [{name: a, x: 1}, {}]')
        self.assertEqual(
            [('error', 2, 19, 'rules[a]'), ('error', 2, 26, 'rules[2]')],
            [row[:4] for row in self.rows(validate, bad)])
        self.assertTrue(self.command.failed)
        shadowed = self.file('shadowed', POLICY.encode() + (
            b'  - {name: late, convert: {to_raw: never}}\n'))
        for options, failed in (((), False), (('--strict',), True)):
            rows = self.rows(validate, shadowed, *options)
            self.assertEqual([('warning', 12, 5, 'rules[late]')],
                             [row[:4] for row in rows])
            self.assertIs(failed, self.command.failed)
        self.assertIn('No such file', self.failure(validate, '/no/file'))

    def test_show(self) -> None:
        rows = self.rows(policy_show.ShowPolicy, '--policy', self.policy)
        self.assertEqual(
            ('require', 1, 'golden', 'project is p and signed is true',
             'max_virtual_size: 1 GiB'), rows[0])
        self.assertEqual(
            ('require', 2, 'defaults', 'every image',
             'formats: raw, qcow2'), rows[1])
        self.assertIn(
            ('require', 3, '[lifecycle] max_virtual_size', 'every image',
             'max_virtual_size: 1 TiB'), rows)
        rows = self.rows(policy_show.ShowPolicy, '--policy', self.policy,
                         '--section', 'convert')
        self.assertEqual(['rest', '[lifecycle] convert'],
                         [row[2] for row in rows])

    def test_show_hygiene(self) -> None:
        policy = self.file('hygiene', POLICY.encode() + (
            b'hygiene: {stores: {fast: {apply: quarantine}}}\n'))
        expected = ('hygiene', 1, 'stores', 'store fast')
        for options in ((), ('--section', 'hygiene')):
            rows = self.rows(policy_show.ShowPolicy, '--policy', policy,
                             *options)
            self.assertEqual(expected, rows[-1][:4])
            self.assertIn('apply: quarantine; after: 1 week', rows[-1][4])

    def test_config_file(self) -> None:
        config = self.file('glance-api.conf', (
            '[lifecycle]\npolicy_file = %s\nmax_virtual_size = 7\n'
            '[lifecycle_signing]\nrequired = always\n'
            % self.policy).encode())
        rows = self.rows(policy_show.ShowPolicy, '--config-file', config)
        self.assertIn(('require', 3, '[lifecycle] max_virtual_size',
                       'every image', 'max_virtual_size: 7 GiB'), rows)
        empty = self.file('empty.conf', b'')
        self.assertIn('There is no policy', self.failure(
            policy_show.ShowPolicy, '--config-file', empty))
        self.assertIn('cannot be used', self.failure(
            policy_show.ShowPolicy, '--config-file', '/no/conf'))
        bad = self.file('bad', b'version: 2')
        self.assertIn('line 1, column 10', self.failure(
            policy_show.ShowPolicy, '--policy', bad))

    def explain(self, *argv: str, file: str = '') -> list[tuple[Any, ...]]:
        return self.rows(
            policy_explain.ExplainPolicy, '--policy', self.policy, '--file',
            file or self.image, *argv)

    def test_explain(self) -> None:
        rows = self.explain('--project', 'q', '--store', 'slow',
                            '--store-kind', 'fast=rbd',
                            '--store-kind', 'slow=file')
        self.assertIn(('protect', 'golden', 'does not match',
                       'project is q, not p'), rows)
        self.assertIn(('convert', 'rest', 'decides',
                       'to_raw: if a store is rbd'), rows)
        self.assertNotIn('refuses', [row[2] for row in rows])
        # The project is not known, but that it is not signed is.
        self.assertIn(('protect', 'golden', 'does not match',
                       'signed is false, not true'), self.explain())

    def test_explain_family(self) -> None:
        """Of an image that is there, if somebody has looked."""
        policy = decision.Policy(document.load(b"""\
version: 1
rules:
- {name: a, retain: {family: {property: build}, keep_last: 2, deprecate: true}}
"""))
        facts = policy_facts.Facts('raw', 'bare', 1, 1, project='p',
                                   properties={'build': 'x\x1b'})
        key = generations.key(facts, policy.decide(facts))

        def said(view: generations.View | None) -> list[tuple[str, str]]:
            return [(str(line.result), line.detail)
                    for line in explain.explain(policy, facts, existing=True,
                                                view=view)
                    if line.section == 'retain' and (
                        'family ' in line.detail or 'of no family' in
                        line.detail or 'lifecycle_' in
                        line.detail)]
        self.assertEqual([], said(None))
        self.assertEqual([
            ('decides', 'its family is x\\x1b of project p; 2 newer ones can '
             'be used, the newest is b; it is not of the last 2, which do '
             'not retire'),
            ('drift', 'property lifecycle_deprecated: wanted 2026-01-01T00:00'
             ':00Z, found not set'),
            ('drift', 'property lifecycle_replaced_by: wanted b, found not '
             'set')], said(generations.View(
                 key, 2, 'b', datetime.datetime(
                     2026, 1, 1, tzinfo=datetime.UTC), 1)))
        self.assertIn('; it is of the last 2', said(
            generations.View(key))[0][1])
        self.assertEqual([('does not match', 'it is of no family: it has no '
                           'property build, or is a snapshot')],
                         said(generations.View()))

    def test_explain_refused(self) -> None:
        signature = [word for name in (
            'img_signature', 'img_signature_hash_method',
            'img_signature_key_type', 'img_signature_certificate_uuid')
            for word in ('--property', name + '=x')]
        rows = self.explain('--project', 'p', *signature)
        self.assertIn(('protect', 'golden', 'decides', 'protected: true'),
                      rows)
        refused = [row for row in rows if row[2] == 'refuses']
        self.assertEqual([('require', 'golden')],
                         [row[:2] for row in refused])
        self.assertIn('size-limit: its virtual size of 2.0 GiB',
                      refused[0][3])
        refused = [row for row in self.explain('--disk-format', 'raw')
                   if row[2] == 'refuses']
        self.assertEqual([('file', 'built-in')],
                         [row[:2] for row in refused])
        self.assertIn('format-mismatch', refused[0][3])

    def test_explain_file(self) -> None:
        self.assertIn('No such file', self.failure(
            policy_explain.ExplainPolicy, '--policy', self.policy, '--file',
            '/no/file'))
        container = self.explain('--container-format', 'ova',
                                 '--disk-format', 'vmdk')
        self.assertIn('format-not-allowed', container[-1][3])

    def test_streamed_json(self) -> None:
        many: list[list[tuple[Any, ...]]] = [
            [], [('a', 1)], [('a', 1), ('"b"\n', None)]]
        for rows in many:
            out = io.StringIO()
            drift.StreamedJson().emit_list(('X', 'Y'), iter(rows), out,
                                           argparse.Namespace())
            self.assertEqual([dict(zip('XY', row)) for row in rows],
                             json.loads(out.getvalue()))

    def test_huge(self) -> None:
        path = self.file('huge', b'#' * 10 ** 6)
        self.assertIn('%s cannot be used: ' % path, self.failure(
            policy_explain.ExplainPolicy, '--policy', path, '--file',
            self.image))
