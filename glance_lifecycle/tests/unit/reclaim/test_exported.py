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

"""The exports that a plan was made with, and whose are believed."""

import pathlib
import time

from cryptography.hazmat.primitives import serialization
import fixtures
from oslo_config import cfg
import testtools

from glance_lifecycle.audit.hygiene import exporting
from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle.conf import signing as signing_conf
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import exported
from glance_lifecycle.reclaim import plan as plans
from glance_lifecycle.signing import signer
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.tests.unit.signing import helpers as signing_helpers


class ExportedTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.conf = cfg.ConfigOpts()
        signing_conf.register_opts(self.conf)
        self.conf([])

    def export(self, name: str = 'west', kind: str | None = 'p384',
               age: float = 0.0) -> str:
        path = self.work / f'{name}-{age}'
        exporting.export(
            helpers.Host(helpers.stored(helpers.A)), path, name,
            time.time() - age, signer.ServiceSigner(
                signing_helpers.key(kind), signing_helpers.certificate(kind),
                'cert') if kind else None)
        return str(path)

    def certificate(self, kind: str = 'p384') -> str:
        path = self.work / f'{kind}.pem'
        path.write_bytes(signing_helpers.certificate(kind).public_bytes(
            serialization.Encoding.PEM))
        return str(path)

    def read(self, paths: list[str], certificates: list[str]
             ) -> exports.Needed:
        return exported.read(self.conf, paths, certificates)

    def refused(self, paths: list[str], certificates: list[str]) -> str:
        return str(self.assertRaises(
            exceptions.LifecycleError, self.read, paths, certificates))

    def test_read(self) -> None:
        found = self.read([self.export('west'), self.export('east')],
                          [self.certificate('p256'), self.certificate()])
        self.assertEqual(['west', 'east'],
                         [one.glance for one in found.exports])
        self.assertIn(helpers.A, found)
        self.assertNotIn(helpers.B, found)

    def test_none(self) -> None:
        """Then nobody has to be believed."""
        self.assertEqual((), self.read([], ['/no/file']).exports)

    def test_not_believed(self) -> None:
        """Not one of them counts, then."""
        mine = [self.certificate()]
        for paths, certificates, why in (
                ([self.export('plain', kind=None)], mine, 'is not signed'),
                ([self.export()], [self.certificate('p256')],
                 'is not among those of a Glance that is known'),
                ([self.export('none')], [], 'is not among those'),
                ([self.export('old', age=8 * 86400)], mine,
                 'more than 7 days old'),
                ([self.export('good'), '/no/export'], mine,
                 'cannot be read: No such file'),
                ([self.export('other')], ['/no/file'],
                 'Certificate /no/file cannot be used: No such file'),
                ([self.export('another')], [self.export('a')],
                 'cannot be used: ')):
            self.assertIn(why, self.refused(paths, certificates))

    def test_check(self) -> None:
        """The same, or a later one of that Glance."""
        first = self.read([self.export(age=60.0)], [self.certificate()])
        later = self.read([self.export()], [self.certificate()])
        east = self.read([self.export('east')], [self.certificate()])
        plan = plans.Plan('now', 0.0, 0.0, 1, 1.0, (), (), (),
                          exported.noted(first))
        exported.check(plan, first)
        exported.check(plan, later)
        for needed in (exports.Needed(()), east):
            error = self.assertRaises(exceptions.ConfigurationError,
                                      exported.check, plan, needed)
            self.assertIn('hygiene_exports', str(error))
        plan = plans.Plan('now', 0.0, 0.0, 1, 1.0, (), (), (),
                          exported.noted(later))
        self.assertRaises(exceptions.ConfigurationError, exported.check,
                          plan, first)
        exported.check(plans.Plan('now', 0.0, 0.0, 1, 1.0, (), (), ()),
                       exports.Needed(()))
