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

"""Our commands have names of their own, and every name has its command."""

import configparser
import importlib
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import unittest

from osc_lib.command import command

GROUP = 'openstack.image.v2'
# Not openstack.cli.base and .extension: these are APIs.
_COMMANDS = re.compile(r'openstack\.(cli|common|.*\.v[0-9_]+)')
SETUP_CFG = pathlib.Path(__file__).parents[3] / 'setup.cfg'


def ours() -> dict[str, str]:
    """name -> module:class, of what is installed or else of setup.cfg."""
    found = {entry.name: entry.value
             for entry in importlib.metadata.entry_points(group=GROUP)
             if entry.value.startswith('glance_lifecycle.')}
    if SETUP_CFG.exists():
        config = configparser.ConfigParser(interpolation=None)
        config.read(SETUP_CFG)
        lines = config.get('entry_points', GROUP, fallback='').split('\n')
        for line in lines:
            name, _, value = line.partition('=')
            if value:
                found[name.strip()] = value.strip()
    return found


class EntryPointsTestCase(unittest.TestCase):

    def test_no_overlap(self) -> None:
        """Nor is a core command the first words of one of ours."""
        core = {entry.name
                for group in importlib.metadata.entry_points().groups
                if _COMMANDS.fullmatch(group)
                for entry in importlib.metadata.entry_points(group=group)
                if not entry.value.startswith('glance_lifecycle.')}
        self.assertIn('image_create', core)
        self.assertTrue(ours())
        for name in ours():
            self.assertTrue(name.startswith('image_lifecycle_'), name)
            self.assertNotIn(name, core)
            words = name.split('_')
            for count in range(1, len(words)):
                self.assertNotIn('_'.join(words[:count]), core)

    def test_all_load(self) -> None:
        for name, value in ours().items():
            module, _, attribute = value.partition(':')
            found = getattr(importlib.import_module(module), attribute)
            self.assertTrue(issubclass(found, command.Command), name)
            self.assertTrue(found.__doc__)

    def test_nothing_heavy(self) -> None:
        """"openstack --help" loads all commands: they load nothing more."""
        done = subprocess.run(
            [sys.executable, '-c', _LOADED, *HEAVY], text=True,
            input='\n'.join(value.partition(':')[0]
                            for value in ours().values()),
            capture_output=True)
        self.assertEqual(('', ''), (done.stdout, done.stderr))


# What no command needs before it runs.
HEAVY = ('alembic', 'boto3', 'castellan', 'glance', 'glance_store',
         'jsonschema', 'oslo_db', 'oslo_log', 'oslo_messaging',
         'oslo_policy', 'sqlalchemy', 'swiftclient', 'taskflow')

_LOADED = """
import importlib, sys
import openstackclient.shell
before = set(sys.modules)
for name in sys.stdin.read().split():
    importlib.import_module(name)
for name in sorted(set(sys.modules) - before):
    first = name.split('.')[0]
    if first in sys.argv[1:] or name.startswith((
            'cryptography.x509', 'openstack.image')):
        print(name)
"""
