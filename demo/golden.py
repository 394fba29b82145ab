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

"""The demo's policy: the sample, changed where it says CHANGE.

Its rule ``golden`` says who must have signed the image, where it goes, and
who may delete it. It is for raw and qcow2 images of one project.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import html
import pathlib
import re

import fixtures

from demo import screen
from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import explain
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import glance_conf

FORMATS = ('raw', 'qcow2')
PROJECT = 'platform'

#: What the rule wants the importer to say of the image.
PROPERTIES = {'os_distro': 'debian', 'os_version': '12',
              'hw_disk_bus': 'virtio-scsi'}

# The role that it lets delete.
_CURATOR = 'image_admin'

_ETC = pathlib.Path(__file__).parents[1] / 'etc'
_SAMPLE = _ETC / 'lifecycle-policy.yaml.sample'
_PROTECTION = _ETC / 'glance/policy-lifecycle-protection.yaml'

# What the sample has in these places.
_PROJECT_ID = '3f2a5c0e9d7b4f1c8a6e0b9d2c4f6a81'
_STORES = 'stores: [fast]'
_BULK = 'stores: [bulk]'

# Glance's page about an error.
_SAID = re.compile('</h1>(.*?)<br', re.DOTALL)


class Policy(fixtures.Fixture):
    """The document, which lives as long as the demo.

    :param stores: where golden images go, all in one pass
    """

    def __init__(self, stores: Sequence[str]) -> None:
        super().__init__()
        self._stores = stores

    def _setUp(self) -> None:
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._path = base / 'lifecycle-policy.yaml'
        self._path.write_text(_SAMPLE.read_text().replace(
            _PROJECT_ID, PROJECT).replace(
            _STORES, f'stores: [{", ".join(self._stores)}]').replace(
            _BULK, f'stores: [{self._stores[-1]}]'))

    def conf(self) -> glance_conf.Sections:
        return {'lifecycle': {'policy_file': self._path},
                'oslo_policy': {'policy_file': _PROTECTION}}

    def explain(self, image: client.Image,
                store_kinds: Mapping[str, str]) -> list[explain.Line]:
        """As ``openstack image lifecycle policy explain`` does it."""
        policy = decision.Policy(document.load(self._path.read_bytes()))
        facts = drift.facts(image, datetime.datetime.now(datetime.UTC),
                            store_kinds)
        return list(explain.explain(policy, facts, existing=True))


def show(lines: Sequence[explain.Line]) -> None:
    """What was decided by which rule, and what is not yet as wanted."""
    shown: set[str] = set()
    for line in lines:
        # Why a rule decides is the same in all sections.
        if (line.result is explain.Result.NO_MATCH or line.detail in shown
                or line.rule == document.BUILT_IN):
            continue
        shown.add(line.detail)
        screen.row(line.section, f'rule {line.rule}: {line.result}')
        screen.note(line.detail)


def delete(api: glance.GlanceApi, owner: client.Client,
           image: client.Image) -> bool:
    """The owner tries in vain, then somebody who may.

    :returns: whether it was in vain
    """
    for protected in (True, False):
        owner.update(image['id'], protected=protected)
        label = 'protected' if protected else 'un-protected'
        try:
            owner.delete(image['id'])
        except client.HttpError as error:
            screen.row(label, 'refused', str(error.status))
            said = _SAID.search(error.body)
            screen.note(html.unescape(said[1]).strip() if said
                        else error.body)
        else:
            screen.row(label, 'DELETED')
            return False
    api.user('curator', PROJECT, ('member', 'reader', _CURATOR)).delete(
        image['id'])
    screen.row(f'role {_CURATOR}', 'deleted it')
    return True
