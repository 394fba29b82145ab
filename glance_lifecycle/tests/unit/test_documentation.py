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

"""What the documentation tells to write or to run is right.

Taken out of the pages: commands are parsed by their own parsers, lines of
configuration are examined by the doctor, policies and mutes are read.
"""

import argparse
from collections.abc import Iterator
import configparser
import importlib.metadata
import pathlib
import re
import subprocess
import tempfile
import unittest
from unittest import mock

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit import finding
from glance_lifecycle.cmd import compute_cache
from glance_lifecycle.cmd import manage
from glance_lifecycle.policy import document
from glance_lifecycle.policy import schema
from glance_lifecycle.policy import shadow
from glance_lifecycle.tests import pages

TOP = pages.TOP
# Lines of other files, by a section that only they have: Nova's, Cinder's,
# Glance's property protections, DevStack's, systemd's, Tempest's.
_OTHERS = re.compile(r'^\[(\[.*|glance|image_cache|Service|Unit|\^.*|libvirt|'
                     r'testenv.*|[a-z]+_rbd|service_available)\]',
                     re.MULTILINE)
_SECTION = re.compile(r'^\[[A-Za-z_.]+\]$', re.MULTILINE)
# Of ours, that which has a parser.
_COMMAND = re.compile(r'openstack image lifecycle |'
                      r'glance-lifecycle-(manage|compute-cache) ')

# Of the doctor: what nobody reads, or reads as something else.
_WRONG = ('GLC101', 'GLC102', 'GLC103', 'GLC104', 'GLC105', 'GLC106',
          'GLC109', 'GLC110', 'GLC111', 'GLC203')


def blocks() -> Iterator[pages.Block]:
    for page in pages.PAGES:
        yield from pages.blocks(page)


class DocumentationTest(unittest.TestCase):

    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)

    def test_commands(self) -> None:
        """Each is one that there is, with arguments that it takes."""
        count = 0
        for block in blocks():
            for command in pages.commands(block):
                if not _COMMAND.match(command):
                    continue
                count += 1
                with self.subTest(where=block.where, command=command):
                    self.parse(pages.words(command))
        self.assertGreater(count, 30)

    def parse(self, words: list[str]) -> None:
        def refused(message: str) -> None:
            raise AssertionError(message)

        scripts = {'glance-lifecycle-manage': manage,
                   'glance-lifecycle-compute-cache': compute_cache}
        if words[0] in scripts:
            parser, rest = scripts[words[0]]._parser(), words[1:]
        else:
            parser, rest = self.parser(words[1:])
        with mock.patch.object(argparse.ArgumentParser, 'error', (
                lambda _self, message: refused(message))):
            parser.parse_args(rest)

    def parser(self, words: list[str]
               ) -> tuple[argparse.ArgumentParser, list[str]]:
        """Of a command of openstack, and its arguments."""
        known = importlib.metadata.entry_points(group='openstack.image.v2')
        for size in range(len(words), 1, -1):
            name = '_'.join(words[:size])
            if name in known.names:
                command = known[name].load()(mock.Mock(), None)
                return command.get_parser(name), words[size:]
        raise AssertionError('there is no such command')

    def test_configuration(self) -> None:
        """Every section and option is one that is read."""
        count = 0
        for number, block in enumerate(blocks()):
            if not _SECTION.search(block.text) or _OTHERS.search(block.text):
                continue
            count += 1
            with self.subTest(where=block.where):
                path = self.work / str(number)
                path.mkdir()
                (path / 'glance-api.conf').write_text(block.text)
                found = examination.examine(examination.gathered(
                    [('api', path)], 33, local=False), [
                        kind for kind in check.load_all()
                        if kind.code in _WRONG])
                self.assertEqual([], [
                    one.evidence for one in found.findings
                    if one.severity != finding.Severity.INFO])
                parser = configparser.RawConfigParser(strict=False)
                parser.read_string(block.text)
        self.assertGreater(count, 10)

    def test_capabilities(self) -> None:
        """Ceph refuses those that have a newline in them."""
        count = 0
        for block in blocks():
            for command in re.findall(
                    r'ceph auth caps (?:.*\\\n)*.*', block.text):
                count += 1
                with self.subTest(where=block.where):
                    said = subprocess.run(
                        ['sh', '-c', r'ceph() { printf "%s\0" "$@"; }' + '\n'
                         + command], check=True, capture_output=True,
                        text=True).stdout
                    self.assertNotIn('\n', said)
                    self.assertEqual(
                        ['mon', 'osd'], said.split('\0')[3:-1:2])
        self.assertGreater(count, 2)

    def test_packages(self) -> None:
        """README.rst names what bindep.txt does; Debian always has two."""
        wanted = set(re.findall(r'^(\S+) \[platform:dpkg functional',
                                (TOP / 'bindep.txt').read_text(),
                                re.MULTILINE)) - {'perl-base', 'util-linux'}
        named = re.search(r'apt install ((?:.*\\\n)*.*)',
                          (TOP / 'README.rst').read_text())
        assert named is not None
        self.assertLess(wanted, set(named[1].split()))

    def test_policies(self) -> None:
        count = 0
        for block in blocks():
            if not block.text.startswith('version: 1'):
                continue
            count += 1
            with self.subTest(where=block.where):
                if 'mutes:' in block.text:
                    self.assertTrue(mutes.load(block.text.encode()))
                else:
                    # What holds at the import only is meant so, and said.
                    self.assertEqual([], [
                        problem for problem in shadow.warnings(
                            document.load(block.text.encode()))
                        if 'once the image is imported' not in
                        problem.message])
        self.assertGreater(count, 1)

    def test_policy_fields(self) -> None:
        """A new section has its place in the reference."""
        page = TOP / 'doc/source/configuration/policy-fields.rst'
        self.assertEqual(['match', *schema.SECTIONS, 'hygiene'], re.findall(
            r'^.. lifecycle-policy-fields:: (\w+)$', page.read_text(),
            re.MULTILINE))
