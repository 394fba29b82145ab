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

"""Every name in .zuul.yaml is one of this tree, or of OpenDev's.

Whether Zuul itself can read it is asked in ``tests/zuul``.
"""

import configparser
import functools
import os
import pathlib
import re
import tempfile
from typing import Any
import unittest

import yaml

from glance_lifecycle.tests.unit import devstack_case

TOP = pathlib.Path(__file__).parents[3]

# Of OpenDev: zuul/zuul-jobs, openstack/openstack-zuul-jobs, tempest.
PARENTS = {'devstack-tempest', 'openstack-tox',
           'openstack-tox-functional-with-sudo', 'openstack-tox-py311',
           'openstack-tox-py313'}
JOBS = {f'openstack-tox-py3{minor}' for minor in range(11, 15)}
TEMPLATES = {'openstack-cover-jobs', 'openstack-python3-jobs',
             'publish-openstack-docs-pti', 'release-notes-jobs-python3'}

# What these templates and jobs have tox do, whatever a project is like.
OF_TEMPLATES = {'cover', 'docs', 'pep8', 'releasenotes'}

# DevStack's own.
SERVICES = {'c-bak', 's-account', 's-container', 's-object', 's-proxy'}

# In a checkout, and not of it.
_OTHERS = {'.git', '.tox', '.stestr', '.hypothesis', '__pycache__', 'build',
           'dist'}


@functools.cache
def entries(kind: str) -> list[dict[str, Any]]:
    """Those of one kind: project, job."""
    found = yaml.safe_load((TOP / '.zuul.yaml').read_text())
    return [entry[kind] for entry in found if kind in entry]


def jobs() -> dict[str, dict[str, Any]]:
    return {job['name']: job for job in entries('job')}


def inherited(name: str, *keys: str) -> Any:
    """What a job has there, or else its parent."""
    known = jobs()
    while name in known:
        found: Any = known[name]
        for key in keys:
            found = (found or {}).get(key)
        if found is not None:
            return found
        name = known[name]['parent']
    return None


def merged(name: str, *keys: str) -> dict[str, Any]:
    """The same, for dictionaries: what parents have is there as well."""
    known = jobs()
    if name not in known:
        return {}
    found: Any = known[name]
    for key in keys:
        found = (found or {}).get(key)
    return merged(known[name]['parent'], *keys) | (found or {})


def files() -> list[str]:
    """All of this tree, by their paths in it."""
    found: list[str] = []
    for folder, folders, names in os.walk(TOP):
        folders[:] = [name for name in folders if name not in _OTHERS
                      and not name.startswith('.venv')]
        found.extend(pathlib.Path(folder, name).relative_to(TOP).as_posix()
                     for name in names)
    return found


def environments() -> set[str]:
    config = configparser.ConfigParser(interpolation=None)
    config.read(TOP / 'tox.ini')
    return {name.removeprefix('testenv:') for name in config.sections()
            if name.startswith('testenv:')}


class NamesTest(unittest.TestCase):

    def test_jobs(self) -> None:
        """Each is made here or elsewhere, and run."""
        project, = entries('project')
        self.assertLessEqual(set(project['templates']), TEMPLATES)
        run = set()
        for pipeline in ('check', 'gate', 'periodic'):
            for entry in project[pipeline]['jobs']:
                run.add(next(iter(entry)) if isinstance(entry, dict)
                        else entry)
        known = jobs()
        self.assertEqual(len(entries('job')), len(known))
        self.assertLessEqual(run, known.keys() | JOBS)
        for name, job in known.items():
            self.assertIn(job['parent'], known.keys() | PARENTS)
            self.assertTrue(name in run or job.get('abstract'), name)

    def test_gate(self) -> None:
        """Nothing votes in check that the gate would let through."""
        project, = entries('project')
        check, gate = (
            {entry for entry in project[pipeline]['jobs']
             if isinstance(entry, str)} for pipeline in ('check', 'gate'))
        self.assertEqual(check, gate)

    def test_tox(self) -> None:
        there = environments()
        self.assertLessEqual(OF_TEMPLATES, there)
        used: dict[str, str] = {}
        for name, job in jobs().items():
            environment = inherited(name, 'vars', 'tox_envlist')
            if job.get('abstract') or self._in_devstack(name):
                continue
            self.assertIn(environment, there, name)
            self.assertNotIn(environment, used)
            used[environment] = name
        # One a release of Glance, and that of the newest.
        self.assertEqual(
            {name for name in environments()
             if re.fullmatch(
                 r'functional(-(\d+|stores|worker|newest|nova))?', name)},
            {name for name in used if name.startswith('functional')})

    def test_releases(self) -> None:
        """The constraints are those of the release that Glance is of."""
        tox = (TOP / 'tox.ini').read_text()
        for number, release in ((31, '2025.2'), (32, '2026.1')):
            requirements = inherited(
                f'glance-lifecycle-functional-{number}', 'required-projects')
            self.assertEqual([{'name': 'openstack/requirements',
                               'override-checkout': f'stable/{release}'}],
                             requirements)
            self.assertIn('deps_%d =\n  -c {env:TOX_CONSTRAINTS_FILE:'
                          'upper-constraints-%s.txt}' % (number, release), tox)
            self.assertTrue(
                (TOP / f'upper-constraints-{release}.txt').is_file())

    def test_playbooks(self) -> None:
        for name, job in jobs().items():
            for key in ('pre-run', 'run', 'post-run'):
                if key in job:
                    self.assertTrue((TOP / job[key]).is_file(), name)

    def test_bindep(self) -> None:
        profiles = set(re.findall(
            r'\[([a-z: ]+)\]', (TOP / 'bindep.txt').read_text()))
        known = {word for profile in profiles for word in profile.split()}
        for name in jobs():
            for word in (inherited(name, 'vars', 'bindep_profile')
                         or '').split():
                self.assertIn(word, known, name)

    @staticmethod
    def _in_devstack(name: str) -> bool:
        return bool(merged(name, 'vars', 'devstack_plugins'))


class FiltersTest(unittest.TestCase):

    def test_all_match(self) -> None:
        """Each of them, and both together leave something to look at."""
        there = files()
        self.assertIn('.zuul.yaml', there)
        for name, job in jobs().items():
            if job.get('abstract'):
                continue
            wanted = inherited(name, 'files')
            self.assertTrue(wanted, name)
            unwanted = inherited(name, 'irrelevant-files') or []
            for rule in (*wanted, *unwanted):
                # Zuul's are RE2, which cannot look around.
                self.assertNotIn('(?', rule)
                self.assertTrue(rule.startswith('^') and rule.endswith('$'))
                self.assertTrue(any(re.match(rule, path) for path in there),
                                (name, rule))
            self.assertTrue([
                path for path in there
                if any(re.match(rule, path) for rule in wanted)
                and not any(re.match(rule, path) for rule in unwanted)], name)

    def test_requirements(self) -> None:
        """What all depends on is in each that installs the package."""
        for name, job in jobs().items():
            if job.get('abstract'):
                continue
            rules = inherited(name, 'files')
            wanted = {'tox.ini', 'requirements.txt', 'setup.cfg'}
            if merged(name, 'vars', 'devstack_plugins'):
                wanted = {'requirements.txt', 'setup.cfg',
                          'devstack/plugin.sh'}
            elif name == 'glance-lifecycle-zuul':
                wanted = {'tox.ini'}
            elif name == 'glance-lifecycle-mypy':
                wanted = {'tox.ini', 'requirements.txt', 'pyproject.toml'}
            for path in wanted:
                self.assertTrue(any(re.match(rule, path) for rule in rules),
                                (name, path))


class DevstackTest(unittest.TestCase):
    """What the jobs say to DevStack is what our plugin for it knows."""

    def setUp(self) -> None:
        super().setUp()
        self.jobs = [name for name in jobs()
                     if merged(name, 'vars', 'devstack_plugins')]
        self.settings = ''.join(
            (TOP / 'devstack' / name).read_text()
            for name in ('settings', 'override-defaults'))

    def test_all(self) -> None:
        self.assertEqual(
            ['glance-lifecycle-tempest', 'glance-lifecycle-tempest-ceph',
             'glance-lifecycle-tempest-jobboard'], self.jobs)
        for name in self.jobs:
            self.assertEqual(['glance-lifecycle'],
                             inherited(name, 'vars', 'tempest_plugins'))
            self.assertEqual('all', inherited(name, 'vars', 'tox_envlist'))

    def test_variables(self) -> None:
        known = set(re.findall(r'^([A-Z_]+)=', self.settings, re.MULTILINE))
        self.assertIn('LIFECYCLE_RUN_IN', known)
        for name in self.jobs:
            self.assertLessEqual(
                merged(name, 'vars', 'devstack_localrc').keys(), known)

    def test_services(self) -> None:
        service, = re.findall(r'^LIFECYCLE_SERVICE=\$\{.*:-(.*)\}$',
                              self.settings, re.MULTILINE)
        for name in self.jobs:
            found = merged(name, 'vars', 'devstack_services')
            self.assertIs(True, found.pop(service))
            self.assertEqual(SERVICES, found.keys())

    def test_plugins(self) -> None:
        """Ours is the last of them in the order that DevStack's role has."""
        for name in self.jobs:
            found = merged(name, 'vars', 'devstack_plugins')
            self.assertEqual('glance-lifecycle', max(found))
            projects = {project for job in (name, jobs()[name]['parent'])
                        for project in jobs().get(job, {}).get(
                            'required-projects', [])}
            for plugin, url in found.items():
                self.assertTrue(url.endswith('/openstack/' + plugin))
                self.assertIn('openstack/' + plugin, projects)

    def test_expression(self) -> None:
        """It finds tempest's tests, and those of the plugin."""
        for name in self.jobs:
            rule = inherited(name, 'vars', 'tempest_test_regex')
            for test in ('tempest.api.image.v2.test_images.A.b',
                         'tempest.scenario.test_minimum_basic.A.b',
                         'glance_lifecycle_tempest_plugin.tests.api.a.B.c'):
                self.assertRegex(test, rule)
            for test in ('tempest.api.image_other', 'tempest.api.compute.a'):
                self.assertNotRegex(test, rule)

    def test_stacked(self) -> None:
        """The plugin runs with what they say."""
        for name in self.jobs:
            said = {key: str(value) for key, value in merged(
                name, 'vars', 'devstack_localrc').items()}
            variant = 'ceph' if 'ceph' in name else 'plain'
            with tempfile.TemporaryDirectory() as top:
                machine = devstack_case.Machine(
                    pathlib.Path(top).resolve(), variant)
                done = machine.run('stack', **said)
                self.assertEqual(0, done.returncode, done.stdout)
                self.assertIn('run_process glance-lifecycle-worker',
                              machine.calls())
